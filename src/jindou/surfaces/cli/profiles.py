"""How the terminal names and shows people and service accounts."""

from collections.abc import Sequence
from typing import Annotated

import typer

from jindou.surfaces.cli.show import document, one_line, table
from jindou_client.errors import NotFound
from jindou_client.people import People, ServiceAccounts
from jindou_client.types import Profile

__all__ = ["Handle", "Roles", "find", "show_all", "show_one"]

Handle = Annotated[str, typer.Argument(metavar="HANDLE", help="A handle, or an id.")]
Roles = Annotated[list[str] | None, typer.Option("--role", help="A role of their own; may be repeated.")]


def find(among: People | ServiceAccounts, handle: str) -> Profile:
    """Return whoever has this handle or id.

    Raises:
        NotFound: nobody has.
    """
    for one in among.list(text=handle, limit=1000):
        if one.handle == handle:
            return one
    if "_" not in handle:
        raise NotFound(f"Nobody is called {handle!r}.", code="not_found")
    return among.get(handle)


def show_all(found: Sequence[Profile], *, as_json: bool) -> None:
    """Print many."""
    if as_json:
        document(found)
        return
    rows = [
        (
            one.handle,
            "active" if one.active else "deactivated",
            one.name,
            ", ".join(one.effective_roles),
            ", ".join(team.name for team in one.teams),
            one.email,
            one.id,
        )
        for one in found
    ]
    table(("handle", "status", "name", "roles", "teams", "address", "id"), rows)


def show_one(one: Profile, *, as_json: bool) -> None:
    """Print one."""
    if as_json:
        document(one)
        return
    status = "active" if one.active else "deactivated"
    told = f"{one.handle}: {one.name} · {status} · {', '.join(one.effective_roles) or 'no role'} · {one.id}"
    typer.echo(one_line(told))
