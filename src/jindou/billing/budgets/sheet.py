"""The counters that one transaction touches: read under their lock, judged call by call, written once.

It goes past the ORM, since one transaction serves many calls of many organisations: every row names its own.
"""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text

from jindou.billing.budgets.types import BudgetExceeded, LimitKind, LimitState, RateLimited, ScopeKind
from jindou.billing.budgets.window import Window
from jindou.billing.pricing import Money
from jindou.db import Prepared, Work

__all__ = ["Payer", "Sheet"]


class Payer(NamedTuple):
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
    spent_before: int = field(init=False)
    held_before: int = field(init=False)

    def __post_init__(self) -> None:
        self.spent_before, self.held_before = self.spent, self.held


class Sheet:
    """The budgets of some payers at one time, in one transaction. `month` is the one that pays what is opened now."""

    def __init__(self, work: Work, payers: AbstractSet[Payer], now: datetime, currency: str) -> None:
        self._work = work
        self._window = Window.of(now)
        self.month = self._window.month
        self._currency = currency
        self._lines: dict[tuple[str, str, str], _Line] = {}
        self._months: dict[tuple[str, str, str], list[int]] = {}
        self._minutes: dict[str, _Line] = {}
        self._bound: dict[Payer, list[_Line]] = {}
        self._standing: dict[Payer, tuple[tuple[LimitState, ...], tuple[LimitState, ...]]] = {}
        self._read(sorted({scope_id for payer in payers for _, _, scope_id in payer.scopes() if scope_id}))

    @staticmethod
    def hold(work: Work, org_ids: Iterable[str]) -> None:
        """Lock every budget of some organisations: for a transaction that comes to them one after the other.

        All of them in one order, so that no two such transactions wait for each other.
        """
        ids = sorted(set(org_ids))
        driver = work.aside
        lock = "" if driver.is_sqlite else " FOR UPDATE"
        found = driver.read(_HOLD.format(ids=driver.marks(len(ids)), lock=lock), ids)
        work.known[Sheet] = frozenset(str(scope_id) for (scope_id,) in found)

    def admit(self, payer: Payer, micro: int, tokens: int) -> None:
        """Hold `micro` and count a request of `tokens`.

        Raises:
            BudgetExceeded, RateLimited: a limit has no room; nothing was held or counted.
        """
        lines = self._of(payer)
        for line in lines:
            self._require_room(line, micro, tokens)
        for line in lines:
            line.held += micro
            if line.rpm is not None or line.tpm is not None:
                line.requests += 1
                line.tokens += tokens
                self._minutes[line.id] = line

    def standing(self, payer: Payer) -> tuple[tuple[LimitState, ...], tuple[LimitState, ...]]:
        """Return the tightest limit of each kind for a payer, and those to warn of, when all calls are admitted."""
        standing = self._standing.get(payer)
        if standing is None:
            lines = self._of(payer)
            warned = tuple([self._money(line) for line in lines if _is_warned(line)])
            standing = self._standing[payer] = self._tightest(lines), warned
        return standing

    def correct(self, payer: Payer, at: datetime, month: str, *, spent: int, held: int, tokens: int) -> None:
        """Add what a call that was opened at `at`, and is paid by `month`, turned out to be."""
        minute = int(at.timestamp()) // 60
        for line in self._of(payer):
            if month == self.month:
                line.spent += spent
                line.held += held
            else:
                self._owe(line, month, spent, held)
            if tokens and line.minute == minute and (line.rpm is not None or line.tpm is not None):
                line.tokens += tokens
                self._minutes[line.id] = line

    def write(self) -> None:
        """Write every counter that changed."""
        for line in self._lines.values():
            self._owe(line, self.month, line.spent - line.spent_before, line.held - line.held_before)
        months = [
            {"budget_id": budget_id, "org_id": org_id, "month": month, "spent_micro": spent, "held_micro": held}
            for (budget_id, org_id, month), (spent, held) in sorted(self._months.items())
            if spent or held
        ]
        self._work.write(_ADD_TO_MONTH, months)
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
        self._work.write(_PUT_MINUTE, minutes)

    def _read(self, scope_ids: list[str]) -> None:
        held: frozenset[str] | None = self._work.known.get(Sheet)
        scope_ids = [scope_id for scope_id in scope_ids if held is None or scope_id in held]
        if not scope_ids:
            return
        driver = self._work.aside
        ids = driver.marks(len(scope_ids))
        # SQLite has one writer. Elsewhere the counters are read by a statement that begins after the lock is had.
        is_held = driver.is_sqlite or held is not None
        if not is_held and not driver.read(_LOCK.format(ids=ids), scope_ids):
            return
        for row in driver.read(_READ.format(month=driver.marks(), ids=ids), [self.month, *scope_ids]):
            line = _Line(*row)
            # A clock that is ahead of ours by a little has begun the next minute already.
            if line.minute not in {self._window.minute, self._window.minute + 1}:
                line.minute, line.requests, line.tokens = self._window.minute, 0, 0
            self._lines[line.org_id, line.scope, line.scope_id] = line

    def _of(self, payer: Payer) -> list[_Line]:
        """Return the budgets that bind a payer; most calls of a transaction have the same one."""
        bound = self._bound.get(payer)
        if bound is None:
            lines = self._lines
            bound = self._bound[payer] = [lines[scope] for scope in payer.scopes() if scope in lines]
        return bound

    def _owe(self, line: _Line, month: str, spent: int, held: int) -> None:
        of = line.id, line.org_id, month
        sums = self._months.get(of)
        if sums is None:
            sums = self._months[of] = [0, 0]
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
        state = next(state for state in self._tightest([line]) if state.kind == kind)
        wait = max(0.001, (state.reset_at - self._window.at).total_seconds())
        left = f"{state.remaining:,} of {state.limit:,} {kind} a minute left"
        told = f"The {_whose(line)} has {left}, and this call "
        if needed > state.limit:
            told += f"needs {needed:,}: more than the limit ever lets through."
        else:
            told += f"needs {needed:,}. The minute ends in {wait:.0f} s."
        raise RateLimited(told, state, needed, retry_after=wait)

    def _tightest(self, lines: Iterable[_Line]) -> tuple[LimitState, ...]:
        """Return the limit of each kind that has the least left."""
        found: dict[LimitKind, tuple[int, int, _Line, datetime]] = {}
        for line in lines:
            uses: tuple[tuple[LimitKind, int | None, int, datetime], ...] = (
                ("requests", line.rpm, line.requests, self._window.minute_ends),
                ("tokens", line.tpm, line.tokens, self._window.minute_ends),
                ("money", line.monthly, line.spent + line.held, self._window.month_ends),
            )
            for kind, limit, used, reset in uses:
                if limit is not None and (kind not in found or limit - used < found[kind][0]):
                    found[kind] = limit - used, limit, line, reset
        return tuple(
            [
                LimitState(kind, line.scope, line.name, limit, max(0, left), reset)
                for kind, (left, limit, line, reset) in found.items()
            ]
        )

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


_READ = (
    "SELECT b.id, b.org_id, b.scope, b.scope_id, b.name, b.monthly_micro, b.warn_share, b.rpm, b.tpm,"
    " coalesce(m.spent_micro, 0), coalesce(m.held_micro, 0),"
    " coalesce(n.minute, 0), coalesce(n.requests, 0), coalesce(n.tokens, 0) FROM budget b"
    " LEFT JOIN budget_month m ON m.budget_id = b.id AND m.month = {month}"
    " LEFT JOIN budget_minute n ON n.budget_id = b.id WHERE b.scope_id IN ({ids})"
)
_HOLD = "SELECT scope_id FROM budget WHERE org_id IN ({ids}) ORDER BY id{lock}"
_LOCK = "SELECT id FROM budget WHERE scope_id IN ({ids}) ORDER BY id FOR UPDATE"


_ADD_TO_MONTH = Prepared(
    text(
        "INSERT INTO budget_month (budget_id, org_id, month, spent_micro, held_micro)"
        " VALUES (:budget_id, :org_id, :month, :spent_micro, :held_micro)"
        " ON CONFLICT (budget_id, month) DO UPDATE SET"
        " spent_micro = budget_month.spent_micro + excluded.spent_micro,"
        " held_micro = budget_month.held_micro + excluded.held_micro"
    ),
    ("budget_id", "org_id", "month", "spent_micro", "held_micro"),
)
_PUT_MINUTE = Prepared(
    text(
        "INSERT INTO budget_minute (budget_id, org_id, minute, requests, tokens)"
        " VALUES (:budget_id, :org_id, :minute, :requests, :tokens)"
        " ON CONFLICT (budget_id) DO UPDATE SET"
        " minute = excluded.minute, requests = excluded.requests, tokens = excluded.tokens"
    ),
    ("budget_id", "org_id", "minute", "requests", "tokens"),
)
