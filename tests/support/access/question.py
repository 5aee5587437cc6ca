"""A question about what is there, by every door, and the right that it needs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from support.access.oracle import Row, Someone, right_to

__all__ = ["Question", "all_", "form", "may", "mine"]

Fits = Callable[[Someone, Row], bool]


@dataclass(frozen=True, slots=True)
class Question:
    """A question about rows of one `kind`, or about none.

    `{id}` in a path or a command is the row's, `{me}` that of who asks, `{other}` the handle of a colleague. `good` are
    the statuses of an answer to whoever may: also that the row is in no state for it, as the right is looked at first.

    `http` and `page` are a method and a path, `client` a method of the Python client with its arguments behind the id.
    `lists` are the kinds of which the answer has every row that fits, and nothing else; `wide` is the role that is told
    of every id of its organisation. What is final is asked by those alone who may not.
    """

    name: str
    right: str
    http: str
    kind: str = ""
    body: Mapping[str, object] | None = None
    page: str = ""
    client: str = ""
    arguments: tuple[object, ...] = ()
    command: str = ""
    good: tuple[int, ...] = (200,)
    lists: tuple[tuple[str, Fits], ...] = ()
    wide: str = ""
    is_final: bool = False

    @property
    def doors(self) -> list[str]:
        """The doors that have it."""
        given = {"http": self.http, "page": self.page, "client": self.client, "command": self.command}
        return [door for door, way in given.items() if way]


def mine(who: Someone, row: Row) -> bool:
    """One's own."""
    return row.owner == who.id


def all_(_who: Someone, _row: Row) -> bool:
    """Every one of the organisation."""
    return True


def may(action: str) -> Fits:
    """Return what fits those with which somebody may do `action`."""
    return lambda who, row: right_to(action, who, row) == "yes"


def form(fields: Mapping[str, str]) -> str:
    """Return the fields of a form as a query."""
    return "&".join(f"{name}={value}" for name, value in fields.items())
