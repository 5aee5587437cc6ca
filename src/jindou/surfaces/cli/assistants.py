"""`jindou assistants`."""

from jindou.surfaces.cli.connection import Seat, signed_in
from jindou.surfaces.cli.options import As, AsJson, Home, Language, command_group
from jindou.surfaces.cli.show import document, table
from jindou.surfaces.cli.texts import Words

__all__ = ["group", "titles_of"]

group = command_group("Assistants, and what they are for.")


@group.command("list")
def list_assistants(
    *, person: As = "clerk", language: Language = None, home: Home = None, as_json: AsJson = False
) -> None:
    """List the assistants that one can ask."""
    with signed_in(home, person, language) as seat:
        found = seat.client.assistants.list()
    if as_json:
        document(found)
        return
    words = Words(seat.language)
    rows = [(one.slug, words.of(one.title), str(len(one.tools)), words.of(one.description)) for one in found]
    table(words.columns("assistant", "title", "tools", "description"), rows, right=(2,))


def titles_of(seat: Seat) -> dict[str, str]:
    """Return what the assistants that a person may ask are called in their language, by slug."""
    words = Words(seat.language)
    return {one.slug: words.of(one.title) for one in seat.client.assistants.list()}
