"""`jindou principals`."""

import typer

from jindou.surfaces.cli.connection import signed_in
from jindou.surfaces.cli.options import As, AsJson, Home, Language, command_group
from jindou.surfaces.cli.show import document, table
from jindou.surfaces.cli.texts import Words

__all__ = ["group"]

group = command_group("People, and who you are here.")


@group.command("me")
def me(*, person: As, language: Language = None, home: Home = None, as_json: AsJson = False) -> None:
    """Show who a person is, and their roles."""
    with signed_in(home, person, language) as seat:
        found = seat.client.principals.me()
    if as_json:
        document(found)
    else:
        title = Words(seat.language).of(found.title)
        typer.echo(f"{found.handle}: {found.name} · {title} · {', '.join(found.roles)} · {found.id}")


@group.command("list")
def list_people(
    *, person: As = "manager", language: Language = None, home: Home = None, as_json: AsJson = False
) -> None:
    """List everybody, with their roles."""
    with signed_in(home, person, language) as seat:
        found = seat.client.principals.list()
    if as_json:
        document(found)
        return
    words = Words(seat.language)
    rows = [(who.handle, who.name, ", ".join(who.roles), who.id, words.of(who.title)) for who in found]
    table(words.columns("person", "name", "roles", "id", "position"), rows)
