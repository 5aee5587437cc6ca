"""The counters that one transaction touches: read under their lock, judged call by call, written once.

It goes past the ORM, since one transaction serves many calls of many organisations: every row names its own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Column, ColumnElement, Connection, Executable, Table, and_, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite

from jindou.billing.budgets.tables import BudgetMinuteRow, BudgetMonthRow, BudgetRow
from jindou.billing.budgets.types import BudgetExceeded, LimitState, RateLimited, ScopeKind
from jindou.billing.budgets.window import Window
from jindou.billing.pricing import Money

__all__ = ["Payer", "Sheet"]

_budget = cast("Table", BudgetRow.__table__)
_month = cast("Table", BudgetMonthRow.__table__)
_minute = cast("Table", BudgetMinuteRow.__table__)


@dataclass(frozen=True, slots=True)
class Payer:
    """Whose budgets a call is paid from; a key or an assistant that has no part in it is empty."""

    org_id: str
    person_id: str
    assistant: str = ""
    key_id: str = ""

    def scopes(self) -> tuple[tuple[str, str, str], ...]:
        """Return organisation, kind and id of everything that may have a budget."""
        org = self.org_id
        return (
            (org, "organisation", org),
            (org, "person", self.person_id),
            (org, "assistant", self.assistant),
            (org, "key", self.key_id),
        )


@dataclass(slots=True)
class _Line:
    """A budget as it stands. `spent` and `held` are of this month, `requests` and `tokens` of `minute`."""

    id: str
    org_id: str
    scope: ScopeKind
    scope_id: str
    name: str
    monthly: int | None
    warn_share: float | None
    rpm: int | None
    tpm: int | None
    spent: int
    held: int
    minute: int
    requests: int
    tokens: int


class Sheet:
    """The budgets of some payers at one time, in one transaction. `month` is the one that pays what is opened now."""

    def __init__(self, connection: Connection, payers: Iterable[Payer], now: datetime, currency: str) -> None:
        self._connection = connection
        self._window = Window.of(now)
        self.month = self._window.month
        self._currency = currency
        self._lines: dict[tuple[str, str, str], _Line] = {}
        self._months: dict[tuple[str, str, str], list[int]] = {}
        self._minutes: dict[str, _Line] = {}
        self._read({scope_id for payer in set(payers) for _, _, scope_id in payer.scopes() if scope_id})

    def admit(self, payer: Payer, micro: int, tokens: int) -> tuple[tuple[LimitState, ...], tuple[LimitState, ...]]:
        """Hold `micro` and count a request of `tokens`; return the limits as they are then, and those to warn of.

        Raises:
            BudgetExceeded, RateLimited: a limit has no room; nothing was held or counted.
        """
        lines = self._of(payer)
        for line in lines:
            self._require_room(line, micro, tokens)
        for line in lines:
            line.held += micro
            self._owe(line, self.month, 0, micro)
            if line.rpm is not None or line.tpm is not None:
                line.requests += 1
                line.tokens += tokens
                self._minutes[line.id] = line
        states = [state for line in lines for state in self._states(line)]
        states.sort(key=lambda state: state.remaining)
        warned = [line for line in lines if _is_warned(line)]
        return tuple(states), tuple(self._money(line) for line in warned)

    def correct(self, payer: Payer, at: datetime, month: str, *, spent: int, held: int, tokens: int) -> None:
        """Add what a call that was opened at `at`, and is paid by `month`, turned out to be."""
        minute = Window.of(at).minute
        for line in self._of(payer):
            if month == self.month:
                line.spent += spent
                line.held += held
            self._owe(line, month, spent, held)
            if tokens and line.minute == minute and (line.rpm is not None or line.tpm is not None):
                line.tokens += tokens
                self._minutes[line.id] = line

    def write(self) -> None:
        """Write every counter that changed."""
        statements = _STATEMENTS[self._connection.dialect.name]
        months = [
            {"budget_id": budget_id, "org_id": org_id, "month": month, "spent_micro": spent, "held_micro": held}
            for (budget_id, org_id, month), (spent, held) in sorted(self._months.items())
            if spent or held
        ]
        if months:
            self._connection.execute(statements["month"], months)
        minutes = [
            {
                "budget_id": budget_id,
                "org_id": line.org_id,
                "minute": line.minute,
                "requests": line.requests,
                "tokens": line.tokens,
            }
            for budget_id, line in sorted(self._minutes.items())
        ]
        if minutes:
            self._connection.execute(statements["minute"], minutes)

    def _read(self, scope_ids: set[str]) -> None:
        found = {"ids": sorted(scope_ids)}
        if self._connection.dialect.name != "sqlite":
            # SQLite has one writer. Elsewhere the counters are read by a statement that begins after the lock is had.
            self._connection.execute(_LOCK, found)
        rows = self._connection.execute(_READ, {**found, "month": self.month})
        for row in rows:
            line = _Line(*row)
            # A clock that is ahead of ours by a little has begun the next minute already.
            if line.minute not in {self._window.minute, self._window.minute + 1}:
                line.minute, line.requests, line.tokens = self._window.minute, 0, 0
            self._lines[line.org_id, line.scope, line.scope_id] = line

    def _of(self, payer: Payer) -> list[_Line]:
        lines = self._lines
        return [lines[scope] for scope in payer.scopes() if scope in lines] if lines else []

    def _owe(self, line: _Line, month: str, spent: int, held: int) -> None:
        sums = self._months.setdefault((line.id, line.org_id, month), [0, 0])
        sums[0] += spent
        sums[1] += held

    def _require_room(self, line: _Line, micro: int, tokens: int) -> None:
        if line.rpm is not None and line.requests >= line.rpm:
            self._limit(line, "requests", 1)
        if line.tpm is not None and line.tokens + tokens > line.tpm:
            self._limit(line, "tokens", tokens)
        if line.monthly is not None and micro > 0 and line.spent + line.held + micro > line.monthly:
            state = self._money(line)
            left, most = (
                Money(micro=state.remaining, currency=self._currency),
                Money(micro=micro, currency=self._currency),
            )
            raise BudgetExceeded(
                f"The {_whose(line)} has {left} left of its budget for {self.month}, and this call may cost "
                f"{most}. The budget starts anew on {state.reset_at:%Y-%m-%d} (UTC).",
                state,
                micro,
            )

    def _limit(self, line: _Line, kind: str, needed: int) -> None:
        state = next(state for state in self._states(line) if state.kind == kind)
        wait = max(0.001, (state.reset_at - self._window.at).total_seconds())
        left = f"{state.remaining:,} of {state.limit:,} {kind} a minute left"
        told = f"The {_whose(line)} has {left}, and this call "
        if needed > state.limit:
            told += f"needs {needed:,}: more than the limit ever lets through."
        else:
            told += f"needs {needed:,}. The minute ends in {wait:.0f} s."
        raise RateLimited(told, state, needed, retry_after=wait)

    def _states(self, line: _Line) -> list[LimitState]:
        states: list[LimitState] = []
        reset = self._window.minute_ends
        if line.rpm is not None:
            left = max(0, line.rpm - line.requests)
            states.append(LimitState("requests", line.scope, line.name, line.rpm, left, reset))
        if line.tpm is not None:
            left = max(0, line.tpm - line.tokens)
            states.append(LimitState("tokens", line.scope, line.name, line.tpm, left, reset))
        if line.monthly is not None:
            states.append(self._money(line))
        return states

    def _money(self, line: _Line) -> LimitState:
        monthly = line.monthly or 0
        left = max(0, monthly - line.spent - line.held)
        return LimitState("money", line.scope, line.name, monthly, left, self._window.month_ends)


def _whose(line: _Line) -> str:
    return f"{line.scope} {line.name}"


def _is_warned(line: _Line) -> bool:
    if line.monthly is None or line.warn_share is None:
        return False
    return line.spent + line.held >= line.warn_share * line.monthly


def _count(column: Column[Any]) -> ColumnElement[int]:
    return func.coalesce(column, 0)


_ASKED = _budget.c.scope_id.in_(bindparam("ids", expanding=True))
_LOCK = select(_budget.c.id).where(_ASKED).order_by(_budget.c.id).with_for_update()
_READ = (
    select(
        *(_budget.c[name] for name in ("id", "org_id", "scope", "scope_id", "name")),
        *(_budget.c[name] for name in ("monthly_micro", "warn_share", "rpm", "tpm")),
        *(_count(_month.c[name]) for name in ("spent_micro", "held_micro")),
        *(_count(_minute.c[name]) for name in ("minute", "requests", "tokens")),
    )
    .select_from(_budget)
    .outerjoin(_month, and_(_month.c.budget_id == _budget.c.id, _month.c.month == bindparam("month")))
    .outerjoin(_minute, _minute.c.budget_id == _budget.c.id)
    .where(_ASKED)
)


def _statements(insert: Any) -> Mapping[str, Executable]:
    """Return how the counters are written: a month's are added to, a minute's are set."""
    month, minute = insert(_month), insert(_minute)
    return {
        "month": month.on_conflict_do_update(
            index_elements=["budget_id", "month"],
            set_={name: _month.c[name] + month.excluded[name] for name in ("spent_micro", "held_micro")},
        ),
        "minute": minute.on_conflict_do_update(
            index_elements=["budget_id"],
            set_={name: minute.excluded[name] for name in ("minute", "requests", "tokens")},
        ),
    }


_STATEMENTS = {"sqlite": _statements(sqlite.insert), "postgresql": _statements(postgresql.insert)}
