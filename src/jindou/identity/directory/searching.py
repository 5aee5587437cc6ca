"""Finding people and teams by what is known of them, in the database, page by page."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from sqlalchemy import ColumnElement, Select, Text, and_, cast, false, func, or_, select, true

from jindou.db import Work
from jindou.identity.principals import PersonRow, TeamMemberRow, TeamRow

__all__ = ["Condition", "Found", "conditions_on_people", "conditions_on_teams", "page_of"]

T = TypeVar("T")
Operator = Literal["eq", "ne", "co", "sw", "ew", "pr", "gt", "ge", "lt", "le"]
_EXACT = frozenset({"id", "external_id"})
"""What is compared letter by letter; capitals make no difference elsewhere."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that must hold: `field` of whom is looked for, compared with `value`."""

    field: str
    operator: Operator
    value: Any = None


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """One page of what was found, and how many there are in all."""

    total: int
    page: list[T]


def conditions_on_people(asked: Sequence[Condition]) -> ColumnElement[bool]:
    """Return the predicate of conditions on what a person has, by the names of `Profile`; ``text`` is in any."""
    columns = {
        "id": PersonRow.id,
        "handle": PersonRow.handle,
        "name": PersonRow.name,
        "email": PersonRow.email,
        "external_id": PersonRow.external_id,
        "active": PersonRow.active,
        "created_at": PersonRow.created_at,
        "updated_at": PersonRow.updated_at,
    }

    def predicate(one: Condition) -> ColumnElement[bool]:
        if one.field == "text":
            somewhere = (Condition(field, "co", one.value) for field in ("handle", "name", "email"))
            return or_(*(_predicate(columns, each) for each in somewhere))
        return _predicate(columns, one)

    return and_(true(), *map(predicate, asked))


def conditions_on_teams(asked: Sequence[Condition]) -> ColumnElement[bool]:
    """Return the predicate of conditions on what a team has; ``member`` is the id of somebody in it."""
    columns = {
        "id": TeamRow.id,
        "name": TeamRow.name,
        "external_id": TeamRow.external_id,
        "created_at": TeamRow.created_at,
        "updated_at": TeamRow.updated_at,
    }

    def predicate(one: Condition) -> ColumnElement[bool]:
        if one.field == "member":
            return TeamRow.id.in_(select(TeamMemberRow.team_id).where(TeamMemberRow.person_id == one.value))
        return _predicate(columns, one)

    return and_(true(), *map(predicate, asked))


def page_of(work: Work, query: Select[T], kind: Any, start: int, count: int) -> tuple[int, list[T]]:
    """Return how many rows a query finds, and `count` of them from number `start` on, the oldest first."""
    total = work.session.scalar(query.with_only_columns(func.count(kind.id), maintain_column_froms=True)) or 0
    return total, list(work.session.scalars(query.order_by(kind.id).offset(start).limit(count)).all())


_COMPARED: Mapping[str, Callable[[Any, Any], ColumnElement[bool]]] = {
    "eq": lambda column, value: column == value,
    "ne": lambda column, value: or_(column != value, column.is_(None)),
    "gt": lambda column, value: column > value,
    "ge": lambda column, value: column >= value,
    "lt": lambda column, value: column < value,
    "le": lambda column, value: column <= value,
}
_IN_TEXT: Mapping[str, Callable[[Any, str], ColumnElement[bool]]] = {
    "co": lambda column, value: column.contains(value, autoescape=True),
    "sw": lambda column, value: column.startswith(value, autoescape=True),
    "ew": lambda column, value: column.endswith(value, autoescape=True),
}


def _predicate(columns: Mapping[str, Any], one: Condition) -> ColumnElement[bool]:
    column = columns[one.field]
    if one.operator == "pr":
        return and_(column.is_not(None), cast(column, Text) != "")
    if one.operator in _IN_TEXT:
        return _in_text(_IN_TEXT[one.operator], column, one.value)
    if isinstance(one.value, str) and one.field not in _EXACT:
        return _COMPARED[one.operator](func.lower(column), func.lower(one.value))
    return _COMPARED[one.operator](column, one.value)


def _in_text(compare: Callable[[Any, str], ColumnElement[bool]], column: Any, value: object) -> ColumnElement[bool]:
    if not isinstance(value, str):
        return false()
    # SQLite folds plain letters alone, so other letters are also looked for as they are.
    return or_(compare(column, value), compare(func.lower(column), value.lower()))
