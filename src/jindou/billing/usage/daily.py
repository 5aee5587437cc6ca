"""What each day cost: the ledger by day and by model, person, key or assistant."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, SQLColumnExpression, case, func, select

from jindou.billing.usage.tables import MeterEventRow
from jindou.billing.usage.types import DailySeries, DailyUse, UseGroup
from jindou.db import Work

__all__ = ["begin_of", "daily_use"]

_MOST = 7
_OTHER = "other"
_KEYS: Mapping[UseGroup, SQLColumnExpression[str]] = {
    "model": case((MeterEventRow.deployment != "", MeterEventRow.deployment), else_=MeterEventRow.sku),
    "person": MeterEventRow.person_id,
    "key": MeterEventRow.key_id,
    "assistant": MeterEventRow.assistant,
}


class _Sum(NamedTuple):
    day: str
    key: str
    micro: int
    tokens: int


def begin_of(until: datetime, days: int) -> datetime:
    """Return the first moment of the first of `days` whole days in UTC, the last of which is that of `until`."""
    first = until.astimezone(UTC).date() - timedelta(days=days - 1)
    return datetime.combine(first, time(), UTC)


def daily_use(
    work: Work,
    scope: Sequence[ColumnElement[bool]],
    group: UseGroup,
    since: datetime,
    *,
    currency: str,
    label_of: Callable[[str], str],
) -> DailyUse:
    """Return the rows of `scope` by day from `since` until now; what is not among the seven dearest is one series."""
    last = work.now().astimezone(UTC).date()
    days = [since.date() + timedelta(days=at) for at in range((last - since.date()).days + 1)]
    sums = _sums(work, scope, _KEYS[group])
    costs: dict[str, int] = {}
    for found in sums:
        costs[found.key] = costs.get(found.key, 0) + found.micro
    dearest = sorted(costs, key=lambda key: (-costs[key], key))
    shown = dearest if len(dearest) <= _MOST + 1 else dearest[:_MOST]
    series = [_series(key, label_of(key), [of for of in sums if of.key == key], days) for key in shown]
    if len(shown) < len(dearest):
        series.append(_series(_OTHER, _OTHER, [of for of in sums if of.key not in shown], days))
    return DailyUse(group=group, currency=currency, days=days, series=series)


def _sums(work: Work, scope: Sequence[ColumnElement[bool]], key: SQLColumnExpression[str]) -> list[_Sum]:
    row = MeterEventRow
    day = func.date(row.at)
    tokens = row.input_tokens + row.cached_tokens + row.output_tokens + row.reasoning_tokens
    query = select(day, key, func.sum(row.cost_micro), func.sum(tokens)).where(*scope).group_by(day, key)
    return [_Sum(str(at), str(of), int(micro), int(used)) for at, of, micro, used in work.session.execute(query)]


def _series(key: str, label: str, sums: Sequence[_Sum], days: Sequence[date]) -> DailySeries:
    micro = dict.fromkeys(map(str, days), 0)
    tokens = dict(micro)
    for found in sums:
        if found.day in micro:
            micro[found.day] += found.micro
            tokens[found.day] += found.tokens
    return DailySeries(key=key, label=label, cost_micro=list(micro.values()), tokens=list(tokens.values()))
