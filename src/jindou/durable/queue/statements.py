"""The statements that every step of every run makes, built once: building them costs more than they do.

Their times are places for `Work.moment`.
"""

import importlib
from functools import cache
from typing import Any

from sqlalchemy import ARRAY, String, and_, any_, bindparam, case, delete, or_, select, update

from jindou.db import Prepared
from jindou.durable.queue.tables import TaskRow

__all__ = ["asking", "ending", "holding", "holding_free", "leasing", "releasing", "standing_of"]

_MINE = and_(
    TaskRow.kind == bindparam("of_kind"),
    TaskRow.subject == bindparam("of_subject"),
    TaskRow.lease_id == bindparam("of_lease"),
)


@cache
def asking(*, is_sqlite: bool, by_server: bool) -> Prepared:
    """Return what asks for a task."""
    # The dialect in use is loaded by now; the other one would cost every start on this one.
    insert: Any = importlib.import_module(f"sqlalchemy.dialects.{'sqlite' if is_sqlite else 'postgresql'}").insert
    available_at = Prepared.moment("available", by_server=by_server)
    names = ("kind", "subject", "org_id", "person_id", "priority", "version", "ready")
    values: dict[str, Any] = {name: bindparam(name) for name in names}
    asked: Any = insert(TaskRow).values(values | {"available_at": available_at, "wakes": 1, "attempts": 0})
    new: Any = asked.excluded
    again: dict[str, Any] = {
        "wakes": TaskRow.wakes + 1,
        "person_id": case((new.person_id == "", TaskRow.person_id), else_=new.person_id),
        "version": _greater(TaskRow.version, new.version),
        "ready": or_(TaskRow.ready, and_(TaskRow.lease_id.is_(None), new.ready)),
        "available_at": case((TaskRow.available_at < new.available_at, TaskRow.available_at), else_=new.available_at),
    }
    return Prepared(asked.on_conflict_do_update(index_elements=["kind", "subject"], set_=again))


@cache
def leasing(*, by_server: bool) -> Prepared:
    """Return what gives a task to a worker, under a new lease."""
    values: dict[str, Any] = {
        "lease_id": bindparam("lease"),
        "lease_until": Prepared.moment("until", by_server=by_server),
        "ready": False,
        "version": bindparam("version"),
    }
    mine = and_(TaskRow.kind == bindparam("of_kind"), TaskRow.subject == bindparam("of_subject"))
    return Prepared(update(TaskRow).where(mine).values(values))


@cache
def holding(*, by_server: bool, progress: bool) -> Prepared:
    """Return what makes a lease longer; with `progress` the task has all its attempts before it again."""
    values: dict[str, Any] = {"lease_until": Prepared.moment("until", by_server=by_server)}
    if progress:
        values |= {"attempts": 0, "lost": 0}
    return Prepared(update(TaskRow).where(_MINE).values(values))


@cache
def holding_free(*, by_server: bool) -> Prepared:
    """Return what makes several leases longer, on PostgreSQL; whose task somebody else has locked is left out."""
    free = (
        select(TaskRow.kind, TaskRow.subject)
        .where(
            TaskRow.kind == bindparam("of_kind"),
            TaskRow.subject == any_(_texts("of_subjects")),
            TaskRow.lease_id == any_(_texts("of_leases")),
        )
        .with_for_update(skip_locked=True)
        .cte("free")
    )
    held = update(TaskRow).where(TaskRow.kind == free.c.kind, TaskRow.subject == free.c.subject)
    until = Prepared.moment("until", by_server=by_server)
    return Prepared(held.values(lease_until=until).returning(TaskRow.lease_id))


@cache
def releasing(*, by_server: bool, at_once: bool) -> Prepared:
    """Return what gives a task back; `failed` is 1 for an attempt that failed, or 0.

    One that may be taken `at_once` keeps its place: it is not behind what was asked for while it was under way.
    """
    values: dict[str, Any] = {
        "lease_id": None,
        "lease_until": None,
        "ready": at_once,
        "attempts": TaskRow.attempts + bindparam("failed"),
        "lost": 0,
    }
    if not at_once:
        values["available_at"] = Prepared.moment("available", by_server=by_server)
    return Prepared(update(TaskRow).where(_MINE).values(values))


@cache
def ending() -> Prepared:
    """Return what ends a task, unless it was asked for again."""
    return Prepared(delete(TaskRow).where(_MINE, TaskRow.wakes == bindparam("of_wakes")))


@cache
def standing_of() -> Prepared:
    """Return what finds a task that is held under a lease."""
    return Prepared(select(TaskRow.kind).where(_MINE))


def _texts(name: str) -> Any:
    return bindparam(name, type_=ARRAY(String()))


def _greater(one: Any, other: Any) -> Any:
    return case((one < other, other), else_=one)
