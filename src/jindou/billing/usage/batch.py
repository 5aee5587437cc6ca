"""One transaction of the ledger: calls opened and closed, in few statements however many they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from sqlalchemy import Connection, Table, bindparam, insert, select, text, update

from jindou.billing.budgets import Payer, Sheet
from jindou.billing.pricing import Money, PriceBook
from jindou.billing.usage.tables import MeterAttemptRow, MeterEventRow
from jindou.billing.usage.types import Admission, Opening, Quantities
from jindou.db import Work
from jindou.errors import Conflict, JindouError, NotFound

__all__ = ["UNSETTLED", "AttemptClosed", "Batch", "Closing", "Written", "payer_of", "share_ledger"]

UNSETTLED = ("open", "unknown")
"""The statuses of an attempt whose worst case is held."""

_attempt = cast("Table", MeterAttemptRow.__table__)
_event = cast("Table", MeterEventRow.__table__)


class AttemptClosed(Conflict):
    """The attempt has its figures, or was found to have used nothing; neither changes any more."""

    code = "attempt_closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """How an attempt ended. `sku` and `engine` are what really answered; None is what was opened."""

    attempt_id: str
    status: Literal["settled", "void", "unknown"]
    used: Quantities = field(default_factory=Quantities)
    sku: str | None = None
    engine: str | None = None
    reason: str = ""


Written = Admission | Money | None
"""What becomes of an opening, of a settling, and of a closing without figures."""


class Batch:
    """The writes of one transaction.

    It goes past the ORM, for its speed: `_held` and `_open` keep the organisations apart.
    """

    def __init__(self, work: Work, prices: PriceBook, owner: str) -> None:
        # What the unit of work has added so far goes first.
        work.session.flush()
        self._work = work
        self._connection: Connection = work.session.connection()
        self._prices = prices
        self._owner = owner
        self._now = work.now()
        self._opened: list[dict[str, Any]] = []
        self._closed: list[dict[str, Any]] = []
        self._events: list[dict[str, Any]] = []

    def write(self, items: Sequence[Opening | Closing]) -> list[Written | JindouError]:
        """Write all of `items`, and return what became of each."""
        share_ledger(self._connection)
        held = self._held([item.attempt_id for item in items if isinstance(item, Closing)])
        payers = [payer_of(item) if isinstance(item, Opening) else held.get(item.attempt_id) for item in items]
        known = [payer if isinstance(payer, Payer) else _payer_of(payer) for payer in payers if payer is not None]
        sheet = Sheet(self._connection, known, self._now, self._prices.currency)
        written: list[Written | JindouError] = [None] * len(items)
        # What is given back first makes room for what comes.
        for at, item in sorted(enumerate(items), key=lambda one: isinstance(one[1], Opening)):
            written[at] = self._tried(item, held, sheet)
        self._execute(sheet)
        return written

    def _tried(self, item: Opening | Closing, held: dict[str, dict[str, Any]], sheet: Sheet) -> Written | JindouError:
        try:
            return self._open(item, sheet) if isinstance(item, Opening) else self._close(item, held, sheet)
        except JindouError as error:
            return error

    def _held(self, ids: list[str]) -> dict[str, dict[str, Any]]:
        """Read what is to be closed, each under its lock, of the unit of work's organisation only."""
        if not ids:
            return {}
        rows = self._connection.execute(_FIND, {"ids": sorted(set(ids))}).mappings()
        mine = self._work.org_id
        return {row["id"]: dict(row) for row in rows if mine is None or row["org_id"] == mine}

    def _open(self, opening: Opening, sheet: Sheet) -> Admission:
        if self._work.org_id not in {None, opening.org_id}:
            raise PermissionError("A unit of work can't write into another organisation.")
        now, worst = self._now, opening.worst
        most = worst.model_dump()
        held = self._prices.worst(opening.skus, most, now.date())
        limits, warnings = sheet.admit(payer_of(opening), held.micro, worst.tokens)
        attempt_id = self._work.new_id("att")
        self._opened.append(
            {
                "id": attempt_id,
                "org_id": opening.org_id,
                "at": now,
                "status": "open",
                "reason": "",
                "closed_at": None,
                "owner": "" if opening.run_id else self._owner,
                "sku": self._dearest(opening, most),
                "person_id": opening.person_id,
                "key_id": opening.key_id,
                "assistant": opening.assistant,
                "run_id": opening.run_id,
                "step_id": opening.step_id,
                "attempt": opening.attempt,
                "deployment": opening.deployment,
                "engine": opening.engine,
                "month": sheet.month,
                "input_tokens": worst.input_tokens + worst.cached_tokens,
                "output_tokens": worst.output_tokens + worst.reasoning_tokens,
                "tokens": worst.tokens,
                "worst_micro": held.micro,
                "currency": held.currency,
            }
        )
        return Admission(attempt_id, limits, warnings)

    def _dearest(self, opening: Opening, most: Mapping[str, int]) -> str:
        if len(opening.skus) == 1:
            return opening.skus[0]
        day = self._now.date()
        return max(opening.skus, key=lambda sku: self._prices.worst((sku,), most, day).micro)

    def _close(self, closing: Closing, held: dict[str, dict[str, Any]], sheet: Sheet) -> Money | None:
        row = held.get(closing.attempt_id)
        if row is None:
            raise NotFound("No such attempt.")
        if closing.status == "unknown":
            if row["status"] == "open":
                self._end(row, closing, tokens=row["tokens"])
            return None
        if row["status"] not in UNSETTLED:
            raise AttemptClosed(f"The attempt {closing.attempt_id} is {row['status']} already.")
        cost = self._cost(row, closing) if closing.status == "settled" else None
        tokens = closing.used.tokens if cost is not None else 0
        spent = cost.micro if cost is not None else 0
        correction = {"spent": spent, "held": -row["worst_micro"], "tokens": tokens - row["tokens"]}
        sheet.correct(_payer_of(row), row["at"], row["month"], **correction)
        self._end(row, closing, tokens=tokens)
        if cost is not None:
            self._events.append(self._event(row, closing, cost))
        return cost

    def _cost(self, row: Mapping[str, Any], closing: Closing) -> Money:
        sku = closing.sku or row["sku"]
        return self._prices.cost(sku, closing.used.model_dump(), row["at"].date())

    def _end(self, row: dict[str, Any], closing: Closing, *, tokens: int) -> None:
        """Note the end, here too: the same attempt may be in the batch twice."""
        row["status"], row["tokens"] = closing.status, tokens
        self._closed.append(
            {
                "of": row["id"],
                "status": closing.status,
                "reason": closing.reason[:200],
                "closed_at": None if closing.status == "unknown" else self._now,
                "sku": closing.sku or row["sku"],
                "engine": closing.engine or row["engine"],
                "tokens": tokens,
            }
        )

    def _event(self, row: Mapping[str, Any], closing: Closing, cost: Money) -> dict[str, Any]:
        return {
            "id": self._work.new_id("mtr"),
            "org_id": row["org_id"],
            "at": self._now,
            "sku": closing.sku or row["sku"],
            "person_id": row["person_id"],
            "key_id": row["key_id"],
            "assistant": row["assistant"],
            "run_id": row["run_id"],
            "step_id": row["step_id"] or row["id"],
            "attempt": row["attempt"],
            "deployment": row["deployment"],
            "engine": closing.engine or row["engine"],
            "month": row["month"],
            **closing.used.model_dump(),
            "cost_micro": cost.micro,
            "currency": cost.currency,
        }

    def _execute(self, sheet: Sheet) -> None:
        for statement, rows in ((_OPEN, self._opened), (_CLOSE, self._closed), (_SETTLE, self._events)):
            if rows:
                self._connection.execute(statement, rows)
        sheet.write()


_FIND = (
    select(
        *(_attempt.c[name] for name in ("id", "org_id", "at", "status", "sku", "person_id", "key_id", "assistant")),
        *(_attempt.c[name] for name in ("run_id", "step_id", "attempt", "deployment", "engine", "month", "tokens")),
        _attempt.c.worst_micro,
    )
    .where(_attempt.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(_attempt.c.id)
    .with_for_update()
)
_OPEN = insert(_attempt)
_SETTLE = insert(_event)
_CLOSE = (
    update(_attempt)
    .where(_attempt.c.id == bindparam("of"))
    .values({name: bindparam(name) for name in ("status", "reason", "closed_at", "sku", "engine", "tokens")})
)


def share_ledger(connection: Connection, *, alone: bool = False) -> None:
    """Hold the ledger among others who write it, or `alone`, until the transaction ends.

    Who is alone can add it up and set counters by it. SQLite has one writer anyway.
    """
    if connection.dialect.name == "postgresql":
        mode = "SHARE ROW EXCLUSIVE" if alone else "ROW EXCLUSIVE"
        connection.execute(text(f"LOCK TABLE meter_attempt IN {mode} MODE"))


def payer_of(opening: Opening) -> Payer:
    """Return whose budgets pay for a call."""
    return Payer(opening.org_id, opening.person_id, opening.assistant, opening.key_id)


def _payer_of(row: Mapping[str, Any]) -> Payer:
    return Payer(row["org_id"], row["person_id"], row["assistant"], row["key_id"])
