"""The way from a command to the server that runs on its home folder."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from jindou.errors import Unavailable
from jindou.home import Home
from jindou.settings import Settings, load_settings, terminal_language
from jindou.surfaces.cli.failures import READS
from jindou_client import Client
from jindou_client.errors import ClientError, Unreachable
from jindou_client.types import Person

__all__ = ["NotRunning", "Seat", "language_of", "operator", "signed_in", "whom"]


class NotRunning(Unavailable):
    """No server runs on the home folder, or it is not ready yet."""

    code = "not_running"

    def __init__(self, home: Home) -> None:
        told = "is not running here (home {}). Start it with `jindou up`."
        if home.is_locked():
            self.code = "starting"
            told = "is starting here (home {}). Try again once `jindou up` says that it is ready."
        super().__init__(f"Jindou {told.format(home.path)}", params={"home": home.path})


@dataclass(frozen=True, slots=True)
class Seat:
    """Where a person sits at the terminal: their client, who they are, and the language they read."""

    client: Client
    person: Person
    language: str


@contextmanager
def operator(home: Path | None) -> Generator[Client]:
    """Reach the server as the local operator, who can read the home's key.

    Raises:
        NotRunning: no server answers for this home.
    """
    place = Home(load_settings(home=home).home)
    server = place.server()
    if server is None:
        raise NotRunning(place)
    try:
        with Client(str(server["url"]), place.operator_key()) as client:
            yield client
    except Unreachable:
        raise NotRunning(place) from None
    except PermissionError:
        raise Unavailable(f"Only the owner of {place.path} may use it; its operator key can't be read.") from None


@contextmanager
def signed_in(home: Path | None, person: str, language: str | None = None) -> Generator[Seat]:
    """Reach the server as `person`, in a session that ends with the block.

    `person` is a handle, or an organisation's id or name and a handle: ``Acme/clerk``. The language is `language`, else
    that of the settings, else the person's.

    Raises:
        NotRunning: no server answers for this home.
        NotFound: there is no such person, or no such organisation.
    """
    configured = load_settings(home=home).language
    with operator(home) as owner:
        session = owner.sessions.open(*whom(person))
        read = language or (session.person.language if configured == "auto" else configured)
        READS.set(read)
        with Client(owner.url, session.token) as client:
            try:
                yield Seat(client, session.person, read)
            finally:
                _leave(client)


def language_of(settings: Settings, language: str | None) -> str:
    """Return the language of a command that nobody signs in for: that asked for, the settings', or the terminal's."""
    return language or (terminal_language() if settings.language == "auto" else settings.language)


def whom(person: str) -> tuple[str, str | None]:
    """Return the handle, and the organisation if one is named, of what ``--as`` says."""
    organisation, slash, handle = person.rpartition("/")
    return handle, organisation if slash else None


def _leave(client: Client) -> None:
    try:
        client.sessions.close()
    except ClientError:
        # The server went away, and the session with it or soon by itself.
        return
