"""`jindou services`: service accounts."""

from typing import Annotated

import typer

from jindou.surfaces.cli.connection import signed_in
from jindou.surfaces.cli.keys import SCOPES, Scope
from jindou.surfaces.cli.options import As, AsJson, Home, command_group
from jindou.surfaces.cli.profiles import Handle, Roles, find, show_all, show_one
from jindou.surfaces.cli.show import document

__all__ = ["group"]

group = command_group("Programs with roles and keys of their own.")


@group.command("list")
def list_service_accounts(
    *,
    text: Annotated[str | None, typer.Option(help="A part of the handle, the name or the address.")] = None,
    person: As = "manager",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """List the service accounts, the oldest first."""
    with signed_in(home, person) as seat:
        found = seat.client.service_accounts.list(text=text, limit=1000)
    show_all(found, as_json=as_json)


@group.command("add")
def add(
    handle: Annotated[str, typer.Argument(help="What they are called by.")],
    name: Annotated[str, typer.Argument(help="Their name.")],
    *,
    role: Roles = None,
    email: Annotated[str, typer.Option(help="Their address.")] = "",
    person: As = "manager",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Add one, with roles of their own."""
    with signed_in(home, person) as seat:
        made = seat.client.service_accounts.create(handle, name, email=email, roles=role or ())
    show_one(made, as_json=as_json)


@group.command("update")
def update(
    handle: Handle,
    *,
    name: Annotated[str | None, typer.Option(help="Their new name.")] = None,
    role: Roles = None,
    no_role: Annotated[bool, typer.Option("--no-role", help="Take every role of their own away.")] = False,
    email: Annotated[str | None, typer.Option(help="Their new address.")] = None,
    person: As = "manager",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Change what is given; roles that are given are all."""
    with signed_in(home, person) as seat:
        among = seat.client.service_accounts
        changed = among.update(find(among, handle).id, name=name, email=email, roles=[] if no_role else role)
    show_one(changed, as_json=as_json)


@group.command("deactivate")
def deactivate(handle: Handle, *, person: As = "manager", home: Home = None, as_json: AsJson = False) -> None:
    """Let nobody and nothing act for them any more, at once."""
    with signed_in(home, person) as seat:
        among = seat.client.service_accounts
        changed = among.deactivate(find(among, handle).id)
    show_one(changed, as_json=as_json)


@group.command("reactivate")
def reactivate(handle: Handle, *, person: As = "manager", home: Home = None, as_json: AsJson = False) -> None:
    """Take them back, with the roles they had."""
    with signed_in(home, person) as seat:
        among = seat.client.service_accounts
        changed = among.reactivate(find(among, handle).id)
    show_one(changed, as_json=as_json)


@group.command("key")
def key(
    handle: Handle,
    name: Annotated[str, typer.Argument(help="What it will be known by.")],
    *,
    days: Annotated[int | None, typer.Option(min=1, max=3650, help="Days it is good for.  [default: for ever]")] = None,
    scope: Annotated[
        list[Scope] | None, typer.Option(help="Only for requests of this kind; may be repeated.  [default: all]")
    ] = None,
    person: As = "manager",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Make a key for one, and print its secret this once."""
    with signed_in(home, person) as seat:
        among = seat.client.service_accounts
        account = find(among, handle)
        made = among.create_key(account.id, name, days=days, scopes=[SCOPES[one] for one in scope or ()] or None)
    if as_json:
        document(made)
        return
    typer.echo(made.secret)
    typer.echo(f"This is {made.id} of {account.handle}. Keep it: it is not shown again.", err=True)
