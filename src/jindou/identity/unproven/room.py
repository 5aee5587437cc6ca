"""Room for those who have begun and proved nothing: as many rows as there may be, and which goes for a new one."""

from typing import Any, Final

from sqlalchemy import ColumnElement, delete, func, inspect, select

from jindou.db import Work
from jindou.identity.unproven.tables import Unproven

__all__ = ["make_room"]

_A_SOURCE: Final = 100
_IN_ALL: Final = 10_000


def make_room(work: Work, table: type[Unproven], source: str) -> None:
    """Make room for one more of a source: what is over goes, and where it is full, the oldest of whoever has most.

    Nobody is refused, so that whoever begins a thousand times keeps out themselves alone.
    """
    _drop(work, table, table.expires_at <= work.now(), None)
    if source:
        _drop(work, table, table.source == source, _count(work, table, table.source == source) - _A_SOURCE + 1)
    too_many = _count(work, table) - _IN_ALL + 1
    if too_many > 0:
        most = select(table.source).group_by(table.source)
        crowd = work.session.scalar(most.order_by(func.count().desc(), func.min(table.expires_at)).limit(1))
        _drop(work, table, table.source == crowd, too_many)


def _count(work: Work, table: type[Unproven], *which: ColumnElement[bool]) -> int:
    return work.session.scalar(select(func.count()).select_from(table).where(*which)) or 0


def _drop(work: Work, table: type[Unproven], which: ColumnElement[bool], most: int | None) -> None:
    """Delete the oldest that another transaction does not delete already."""
    if most is not None and most <= 0:
        return
    key: Any = inspect(table).primary_key[0]
    oldest = select(key).select_from(table).where(which).order_by(table.expires_at).limit(most)
    keys = work.session.scalars(oldest.with_for_update(skip_locked=True)).all()
    if keys:
        work.session.execute(delete(table).where(key.in_(keys)))
