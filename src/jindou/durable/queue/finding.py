"""The queries that look for a task, built once for a set of kinds: building them costs more than they do.

Their times are places for `Work.moment`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from sqlalchemy import ColumnElement, and_, bindparam, func, literal, not_, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute

from jindou.db import Prepared, Query
from jindou.durable.queue.tables import IS_LOST, IS_SUSPECT, TaskRow

__all__ = ["PRIORITIES", "Finding", "Seek", "Seeks", "finding"]

PRIORITIES = (0, 1)
"""What people wait for, and what is in the background."""

_FREED_AT_ONCE = 500

_Where = Sequence[ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Seek:
    """Each finds the first value of a column that is `above`, `within` or `between` the bounds `after` and `until`."""

    above: Prepared
    within: Prepared
    between: Prepared


@dataclass(frozen=True, slots=True)
class Seeks:
    """Organisations with ready tasks of a `priority`; of an `of_org` the persons; of an `of_person` the oldest task.

    `next` is that of the person of an `of_org` whose turn it is `after` another.
    """

    orgs: Seek
    persons: Seek
    oldest: Query[TaskRow]
    next: Query[TaskRow]


@dataclass(frozen=True, slots=True)
class Finding:
    """What looks for a task.

    `waited` and `lost` find those that are ready and not marked so: their time has come, or their worker died.
    `first` says whether there are such, since when the oldest suspect has waited, and the oldest that is `interrupted`:
    its worker died, and it is no suspect. Then, by priority and each `after` another one, the organisation whose turn
    it is among those with `others`.
    """

    due: Prepared
    first: Prepared
    waited: Prepared
    lost: Prepared
    suspects: Seeks
    interrupted: Query[TaskRow]
    others: Seeks


@cache
def finding(kinds: frozenset[str], version: int, *, by_server: bool) -> Finding:
    """Return what looks for tasks of `kinds` that a worker of `version` can do."""
    now = Prepared.moment("now", by_server=by_server)
    literals = [literal(kind) for kind in sorted(kinds)]
    of_kinds = TaskRow.kind.in_(literals)
    # An older version, which may be at work beside this one, keeps the lease and the time, and not `ready`.
    free = [TaskRow.lease_id.is_(None), TaskRow.available_at <= now, TaskRow.version <= version]
    ready = [
        cast("ColumnElement[bool]", TaskRow.ready),
        TaskRow.priority.in_([literal(priority) for priority in PRIORITIES]),
        *free,
        of_kinds,
    ]
    waited = and_(not_(TaskRow.ready), TaskRow.lease_id.is_(None), TaskRow.available_at <= now)
    lost = TaskRow.lease_until < now
    some = [select(TaskRow.kind).where(*where).exists() for where in (ready, [waited, of_kinds], [lost, of_kinds])]
    late = [select(TaskRow.kind).where(where).exists() for where in (waited, lost)]
    # Of a kind, and ready, there are many, and lost there are few: no other index than theirs fits these words.
    lost_ones = [IS_LOST, *free, TaskRow.kind.concat("").in_(literals)]
    interrupted = [*lost_ones, not_(IS_SUSPECT)]
    oldest = [
        select(TaskRow.available_at).where(*where).order_by(TaskRow.available_at).limit(1).scalar_subquery()
        for where in ([*lost_ones, IS_SUSPECT], interrupted)
    ]
    others = [*ready, not_(IS_SUSPECT)]
    turns = [_turn(TaskRow.org_id, [*others, TaskRow.priority == of], f"after_{of}") for of in PRIORITIES]
    return Finding(
        due=Prepared(select(true()).where(or_(*some))),
        first=Prepared(select(or_(*late), *oldest, *turns)),
        waited=_late(waited, TaskRow.available_at),
        lost=_late(lost, TaskRow.lease_until),
        suspects=_seeks([*ready, IS_SUSPECT]),
        interrupted=_oldest(interrupted),
        others=_seeks(others),
    )


def _late(where: ColumnElement[bool], since: InstrumentedAttribute[Any]) -> Prepared:
    found = select(TaskRow.kind, TaskRow.subject).where(where).order_by(since).limit(_FREED_AT_ONCE)
    return Prepared(found.with_for_update(skip_locked=True))


def _seeks(ready: _Where) -> Seeks:
    urgent = [*ready, TaskRow.priority == bindparam("of_priority")]
    of_org = [*urgent, TaskRow.org_id == bindparam("of_org")]
    of_person = [*of_org, TaskRow.person_id == bindparam("of_person")]
    of_next = [*of_org, TaskRow.person_id == _turn(TaskRow.person_id, of_org, "after")]
    return Seeks(
        orgs=_seek(TaskRow.org_id, urgent),
        persons=_seek(TaskRow.person_id, of_org),
        oldest=_oldest(of_person),
        next=_oldest(of_next),
    )


def _oldest(where: _Where) -> Query[TaskRow]:
    by_age = cast("ColumnElement[Any]", TaskRow.available_at)
    return Query(TaskRow, *where, order_by=by_age, limit="most", skip_locked=True)


def _turn(column: InstrumentedAttribute[str], where: _Where, after: str) -> ColumnElement[Any]:
    """Return the first value of a column behind `after` or, if there is none, the first of all."""
    found = select(column).where(*where).order_by(column).limit(1).correlate(None)
    return func.coalesce(found.where(column > bindparam(after)).scalar_subquery(), found.scalar_subquery())


def _seek(column: InstrumentedAttribute[str], where: _Where) -> Seek:
    above, within = column > bindparam("after"), column <= bindparam("until")
    found = select(column).where(*where).order_by(column).limit(1)
    return Seek(Prepared(found.where(above)), Prepared(found.where(within)), Prepared(found.where(above, within)))
