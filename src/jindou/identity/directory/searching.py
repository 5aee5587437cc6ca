"""Finding people and teams in the database, page by page."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, func, or_

from jindou.db import Work
from jindou.identity.principals import PersonRow

__all__ = ["Found", "has_text", "page_of"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """One page of what was found, and how many there are in all."""

    total: int
    page: list[T]


def has_text(text: str) -> ColumnElement[bool]:
    """Return whether a text is a part of somebody's handle, name or address; capitals make no difference."""
    columns = (PersonRow.handle, PersonRow.name, PersonRow.email)
    # SQLite folds plain letters alone, so other letters are also looked for as they are.
    as_is = (column.contains(text, autoescape=True) for column in columns)
    folded = (func.lower(column).contains(text.lower(), autoescape=True) for column in columns)
    return or_(*as_is, *folded)


def page_of(work: Work, query: Select[T], kind: Any, start: int, count: int) -> tuple[int, list[T]]:
    """Return how many rows a query finds, and `count` of them from number `start` on, the oldest first."""
    total = work.session.scalar(query.with_only_columns(func.count(kind.id), maintain_column_froms=True)) or 0
    return total, list(work.session.scalars(query.order_by(kind.id).offset(start).limit(count)).all())
