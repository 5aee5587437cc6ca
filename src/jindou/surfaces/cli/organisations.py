"""`jindou organisations`, for the local operator."""

from typing import Annotated

import typer

from jindou.surfaces.cli.connection import operator
from jindou.surfaces.cli.options import AsJson, Home, command_group
from jindou.surfaces.cli.show import document, moment, one_line, table

__all__ = ["group"]

group = command_group("The companies of this installation.")


@group.command("list")
def list_organisations(*, home: Home = None, as_json: AsJson = False) -> None:
    """List the organisations, the oldest first."""
    with operator(home) as owner:
        found = owner.organisations.list()
    if as_json:
        document(found)
        return
    rows = [(one.id, str(one.people), moment(one.created_at), one.name) for one in found]
    table(("organisation", "people", "since", "name"), rows, right=(1,))


@group.command("create")
def create(
    name: Annotated[str, typer.Argument(help="What the company is called.")],
    *,
    administrator: Annotated[str, typer.Option(help="The handle of its first administrator.")],
    administrator_name: Annotated[str, typer.Option(help="Their name.")],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Add an organisation with its first administrator."""
    with operator(home) as owner:
        made = owner.organisations.create(name, administrator, administrator_name)
    if as_json:
        document(made)
        return
    typer.echo(one_line(f"{made.name}: {made.id}"))
    typer.echo(f"Sign in: jindou sign-in --as '{made.id}/{administrator}'", err=True)
