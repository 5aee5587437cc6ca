"""Adding the ledger up for budgets: what counters have to be."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import Connection, Select, Table, func, literal, select

from jindou.billing.budgets import Tally, Window
from jindou.billing.usage.batch import share_ledger
from jindou.billing.usage.tables import MeterAttemptRow, MeterEventRow
from jindou.billing.usage.types import Scope
from jindou.db import Work
from jindou.ids import first_id

__all__ = ["tally_ledger"]

_attempt = cast("Table", MeterAttemptRow.__table__)
_event = cast("Table", MeterEventRow.__table__)
_ASKEW = timedelta(days=1)
"""What a month pays was settled in it or later, by clocks that agree better than this."""

_COLUMNS = {"organisation": "org_id", "person": "person_id", "assistant": "assistant", "key": "key_id"}


def tally_ledger(work: Work, of: Scope | None = None, *, alone: bool = False) -> dict[Scope, Tally]:
    """Return this month's money and this minute's calls by scope: of one, or of all that used something."""
    work.session.flush()
    connection = work.session.connection()
    share_ledger(work, alone=alone)
    window = Window.of(work.now())
    since = first_id("att", window.minute_begins)
    found: dict[Scope, Tally] = {}
    for kind in [of[1]] if of is not None else list(_COLUMNS):
        for scope, amounts in _sums(connection, kind, of, window, since):
            so_far = found.get(scope, Tally())
            found[scope] = Tally(*(a + b for a, b in zip(so_far, amounts, strict=True)))
    return found


def _sums(
    connection: Connection, kind: str, of: Scope | None, window: Window, since: str
) -> Iterator[tuple[Scope, tuple[int, ...]]]:
    month, nothing = window.month, literal(0)
    spent = _by(_event, kind, of, func.sum(_event.c.cost_micro), nothing, nothing, nothing)
    held = _by(_attempt, kind, of, nothing, func.sum(_attempt.c.worst_micro), nothing, nothing)
    calls = _by(_attempt, kind, of, nothing, nothing, func.count(), func.sum(_attempt.c.tokens))
    for query in (
        spent.where(_event.c.month == month, _event.c.id >= first_id("mtr", window.month_begins - _ASKEW)),
        held.where(_attempt.c.month == month, _attempt.c.closed_at.is_(None)),
        calls.where(_attempt.c.id >= since),
    ):
        for row in map(tuple[Any, ...], connection.execute(query)):
            yield (row[0], kind, row[1]), tuple(map(int, row[2:]))


def _by(table: Table, kind: str, of: Scope | None, *amounts: Any) -> "Select[*tuple[Any, ...]]":
    column = table.c[_COLUMNS[kind]]
    query = select(table.c.org_id, column, *amounts).where(column != "").group_by(table.c.org_id, column)
    if of is not None:
        query = query.where(table.c.org_id == of[0], column == of[2])
    return query
