"""`jindou services`: service accounts."""

from typing import Annotated

import typer

from jindou.surfaces.cli.connection import signed_in
from jindou.surfaces.cli.keys import SCOPES, KeyId, Scope, tell_key, tell_keys
from jindou.surfaces.cli.options import As, AsJson, Home, Language, command_group
from jindou.surfaces.cli.profiles import Handle, add_verbs, find
from jindou.surfaces.cli.show import document
from jindou.surfaces.cli.texts import Words

__all__ = ["group"]

group = command_group("Programs with roles and keys of their own.")
add_verbs(group, lambda client: client.service_accounts)


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
    language: Language = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Make a key for one, and print its secret this once."""
    with signed_in(home, person, language) as seat:
        among = seat.client.service_accounts
        account = find(among, handle)
        made = among.create_key(account.id, name, days=days, scopes=[SCOPES[one] for one in scope or ()] or None)
    if as_json:
        document(made)
        return
    typer.echo(made.secret)
    typer.echo(Words(seat.language)("key.keep", name=f"{made.id} · {account.handle}"), err=True)


@group.command("list-keys")
def list_keys(
    handle: Handle, *, person: As = "manager", language: Language = None, home: Home = None, as_json: AsJson = False
) -> None:
    """List the keys of one, the newest first."""
    with signed_in(home, person, language) as seat:
        among = seat.client.service_accounts
        tell_keys(among.list_keys(find(among, handle).id), Words(seat.language), as_json=as_json)


@group.command("revoke-key")
def revoke_key(
    handle: Handle,
    key_id: KeyId,
    *,
    person: As = "manager",
    language: Language = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Take a key of one back, at once and for good."""
    with signed_in(home, person, language) as seat:
        among = seat.client.service_accounts
        tell_key(among.revoke_key(find(among, handle).id, key_id), Words(seat.language), as_json=as_json)
