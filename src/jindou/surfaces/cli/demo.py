"""`jindou demo`."""

from typing import Annotated

import typer

from jindou.surfaces.cli.connection import operator
from jindou.surfaces.cli.options import AsJson, Home, command_group
from jindou.surfaces.cli.show import document, one_line

__all__ = ["group"]

group = command_group("The demo company.")


@group.callback()
def demo() -> None:
    """Keep the group a group, though it has one command."""


@group.command("reset")
def reset(
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Make the demo data anew.

    Runs under way are cancelled; the bill and the audit trail stay.
    """
    if not yes and not as_json:
        typer.confirm("Make the demo data anew? Runs under way are cancelled.", abort=True, err=True)
    with operator(home) as owner:
        made = owner.reset_demo()
    if as_json:
        document(made)
        return
    for pack, described in made.packs.items():
        typer.echo(one_line(f"{pack}: {described}"))
