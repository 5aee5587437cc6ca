"""How the terminal names, shows and changes people and service accounts: the same verbs for both."""

from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from jindou.surfaces.cli.connection import signed_in
from jindou.surfaces.cli.options import As, AsJson, Home, Language
from jindou.surfaces.cli.show import document, one_line, table
from jindou.surfaces.cli.texts import Words
from jindou_client import Client
from jindou_client.errors import NotFound
from jindou_client.people import People, ServiceAccounts
from jindou_client.types import Profile

__all__ = ["Handle", "add_verbs", "find"]

Handle = Annotated[str, typer.Argument(metavar="HANDLE", help="A handle, or an id.")]
_Among = Callable[[Client], People | ServiceAccounts]
_Roles = Annotated[list[str] | None, typer.Option("--role", help="A role of their own; may be repeated.")]


def add_verbs(group: typer.Typer, among: _Among) -> None:
    """Add to `group` what can be done about those whom `among` finds."""
    _add_list(group, among)
    _add_changes(group, among)
    _add_leaving(group, among)


def _add_list(group: typer.Typer, among: _Among) -> None:
    @group.command("list")
    def list_profiles(
        *,
        text: Annotated[str | None, typer.Option(help="A part of the handle, the name or the address.")] = None,
        person: As = "manager",
        language: Language = None,
        home: Home = None,
        as_json: AsJson = False,
    ) -> None:
        """List them, the oldest first."""
        with signed_in(home, person, language) as seat:
            found = among(seat.client).list(text=text, limit=1000)
        _show_all(found, Words(seat.language), as_json=as_json)


def _add_changes(group: typer.Typer, among: _Among) -> None:
    @group.command("add")
    def add(
        handle: Annotated[str, typer.Argument(help="What they are called by.")],
        name: Annotated[str, typer.Argument(help="Their name.")],
        *,
        role: _Roles = None,
        email: Annotated[str, typer.Option(help="Their address.")] = "",
        person: As = "manager",
        language: Language = None,
        home: Home = None,
        as_json: AsJson = False,
    ) -> None:
        """Add one, with roles of their own."""
        with signed_in(home, person, language) as seat:
            made = among(seat.client).create(handle, name, email=email, roles=role or ())
        _show_one(made, Words(seat.language), as_json=as_json)
        if made.kind == "person" and not as_json:
            typer.echo(Words(seat.language)("people.come", handle=made.handle))

    @group.command("update")
    def update(
        handle: Handle,
        *,
        name: Annotated[str | None, typer.Option(help="Their new name.")] = None,
        role: _Roles = None,
        no_role: Annotated[bool, typer.Option("--no-role", help="Take every role of their own away.")] = False,
        email: Annotated[str | None, typer.Option(help="Their new address.")] = None,
        person: As = "manager",
        language: Language = None,
        home: Home = None,
        as_json: AsJson = False,
    ) -> None:
        """Change what is given; roles that are given are all."""
        with signed_in(home, person, language) as seat:
            found = among(seat.client)
            changed = found.update(find(found, handle).id, name=name, email=email, roles=[] if no_role else role)
        _show_one(changed, Words(seat.language), as_json=as_json)


def _add_leaving(group: typer.Typer, among: _Among) -> None:
    @group.command("deactivate")
    def deactivate(
        handle: Handle, *, person: As = "manager", language: Language = None, home: Home = None, as_json: AsJson = False
    ) -> None:
        """Let nobody and nothing act for them any more, at once."""
        with signed_in(home, person, language) as seat:
            found = among(seat.client)
            changed = found.deactivate(find(found, handle).id)
        _show_one(changed, Words(seat.language), as_json=as_json)

    @group.command("reactivate")
    def reactivate(
        handle: Handle, *, person: As = "manager", language: Language = None, home: Home = None, as_json: AsJson = False
    ) -> None:
        """Take them back, with the roles they had."""
        with signed_in(home, person, language) as seat:
            found = among(seat.client)
            changed = found.reactivate(find(found, handle).id)
        _show_one(changed, Words(seat.language), as_json=as_json)


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


def _show_all(found: Sequence[Profile], words: Words, *, as_json: bool) -> None:
    if as_json:
        document(found)
        return
    rows = [
        (
            one.handle,
            words.value("active" if one.active else "deactivated"),
            one.name,
            ", ".join(one.effective_roles),
            ", ".join(team.name for team in one.teams),
            one.email,
            one.id,
        )
        for one in found
    ]
    table(words.columns("handle", "status", "name", "roles", "teams", "address", "id"), rows)


def _show_one(one: Profile, words: Words, *, as_json: bool) -> None:
    if as_json:
        document(one)
        return
    status = words.value("active" if one.active else "deactivated")
    told = (
        f"{one.handle}: {one.name} · {status} · {', '.join(one.effective_roles) or words.value('no role')} · {one.id}"
    )
    typer.echo(one_line(told))
