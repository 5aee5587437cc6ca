"""One transaction of the ledger: calls opened and closed, in few statements however many they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from operator import itemgetter
from typing import Any, Final, Literal, NamedTuple, cast

from sqlalchemy import Table, bindparam, insert, update

from jindou.billing.budgets import Payer, Sheet
from jindou.billing.pricing import Money, PriceBook
from jindou.billing.usage.tables import MeterAttemptRow, MeterEventRow
from jindou.billing.usage.types import Admission, Opening, Quantities
from jindou.db import Prepared, Work
from jindou.errors import Conflict, JindouError, NotFound

__all__ = [
    "UNSETTLED",
    "AttemptClosed",
    "AttemptMoved",
    "Batch",
    "Closing",
    "Held",
    "Written",
    "payer_of",
    "share_ledger",
]

UNSETTLED = ("open", "unknown")
"""The statuses of an attempt whose worst case is held."""

_NOTHING: Final = Quantities()
_attempt = cast("Table", MeterAttemptRow.__table__)
_event = cast("Table", MeterEventRow.__table__)


class AttemptClosed(Conflict):
    """The attempt has its figures, or was found to have used nothing; neither changes any more."""

    code = "attempt_closed"


class AttemptMoved(Exception):
    """An attempt is not as its writer knew it: somebody else has closed it. Nothing is written."""


class Closing(NamedTuple):
    """How an attempt ended. `sku` and `engine` are what really answered; None is what was opened."""

    attempt_id: str
    status: Literal["settled", "void", "unknown"]
    used: Quantities = _NOTHING
    sku: str | None = None
    engine: str | None = None
    reason: str = ""


Written = Admission | Money | None
"""What becomes of an opening, of a settling, and of a closing without figures."""


@dataclass(slots=True)
class Held:
    """An attempt that is not closed yet. What it holds is in its row of the database as well."""

    id: str
    org_id: str
    at: datetime
    status: str
    sku: str
    person_id: str
    key_id: str
    assistant: str
    run_id: str
    step_id: str
    attempt: int
    deployment: str
    engine: str
    month: str
    tokens: int
    worst_micro: int
    payer: Payer = field(init=False)

    def __post_init__(self) -> None:
        self.payer = Payer(self.org_id, self.person_id, self.assistant, self.key_id)


class Batch:
    """The writes of one transaction.

    It goes past the ORM, for its speed: `_find` and `_open` keep the organisations apart. `known` are attempts that
    need not be read, since `owner` has opened them and nobody else closes them as long as it lives; where somebody did
    nevertheless, `write` raises AttemptMoved. Once what was written is durable they are brought up to date; if it was
    not written they are worth nothing any more.
    """

    def __init__(self, work: Work, prices: PriceBook, owner: str, known: dict[str, Held] | None) -> None:
        self._work = work
        self._driver = work.aside
        self._prices = prices
        self._owner = owner
        self._now = work.now()
        self._day = self._now.date()
        self._at = self._driver.time(self._now)
        # Elsewhere than in SQLite others may lock such a row and then budgets, so it is locked before the budgets.
        self._known = known if known is not None and work.is_sqlite else None
        self._held: dict[str, Held] = {}
        self._new: dict[str, Held] = {}
        self._opened: list[dict[str, Any]] = []
        self._closed: list[dict[str, Any]] = []
        self._closed_known: list[dict[str, Any]] = []
        self._events: list[dict[str, Any]] = []

    def write(self, items: Sequence[Opening | Closing]) -> list[Written | JindouError]:
        """Write all of `items`, and return what became of each.

        Raises:
            AttemptMoved: one of the attempts that were known is closed already; nothing may be committed.
        """
        share_ledger(self._work)
        openings = [(at, item, payer_of(item)) for at, item in enumerate(items) if isinstance(item, Opening)]
        closings = [(at, item) for at, item in enumerate(items) if isinstance(item, Closing)]
        self._find({item.attempt_id for _, item in closings})
        payers = {payer for _, _, payer in openings} | {held.payer for held in self._held.values()}
        sheet = Sheet(self._work, payers, self._now, self._prices.currency)
        written: list[Written | JindouError] = [None] * len(items)
        # What is given back first makes room for what comes.
        for event_id, (at, closing) in zip(self._work.new_ids("mtr", len(closings)), closings, strict=True):
            try:
                written[at] = self._close(event_id, closing, sheet)
            except JindouError as error:
                written[at] = error
        ids = self._work.new_ids("att", len(openings))
        admitted: list[tuple[int, str, Payer]] = []
        for attempt_id, (at, opening, payer) in zip(ids, openings, strict=True):
            try:
                self._open(attempt_id, opening, payer, sheet)
                admitted.append((at, attempt_id, payer))
            except JindouError as error:
                written[at] = error
        for at, attempt_id, payer in admitted:
            written[at] = Admission(attempt_id, *sheet.standing(payer))
        self._work.later(_OPEN, self._opened)
        if self._driver.write(_CLOSE, self._closed_known) != len(self._closed_known):
            raise AttemptMoved
        self._work.later(_CLOSE, self._closed)
        self._work.later(_SETTLE, self._events)
        sheet.write()
        if self._known is not None:
            self._work.after_commit(self._remember)
        return written

    def _remember(self) -> None:
        """Bring up to date what is known."""
        known = self._known
        if known is not None:
            for row in self._closed_known:
                known.pop(row["of"], None)
            known.update(self._new)

    def _find(self, ids: set[str]) -> None:
        """Read what is to be closed, each under its lock, of the unit of work's organisation only."""
        mine = self._work.org_id
        unknown = ids
        if self._known:
            self._held = {of: held for of in ids if (held := self._known.get(of)) and mine in {None, held.org_id}}
            unknown = ids - self._held.keys()
        if not unknown:
            return
        if self._work.deferred:
            self._work.flush()
        lock = "" if self._driver.is_sqlite else " FOR UPDATE"
        query = f"{_FIND} ({self._driver.marks(len(unknown))}) ORDER BY id{lock}"
        for row in self._driver.read(query, sorted(unknown)):
            held = Held(*row)
            held.at = self._driver.read_time(held.at)
            if mine is None or held.org_id == mine:
                self._held[held.id] = held

    def _open(self, attempt_id: str, opening: Opening, payer: Payer, sheet: Sheet) -> None:
        if self._work.org_id not in {None, opening.org_id}:
            raise PermissionError("A unit of work can't write into another organisation.")
        worst = opening.worst
        tokens, most = worst.tokens, worst.plain()
        held = self._prices.worst_micro(opening.skus, most, self._day)
        sheet.admit(payer, held, tokens)
        opened: dict[str, Any] = {
            "id": attempt_id,
            "org_id": opening.org_id,
            "at": self._at,
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
            "tokens": tokens,
            "worst_micro": held,
            "currency": self._prices.currency,
        }
        self._opened.append(opened)
        if self._known is not None:
            self._new[attempt_id] = known = Held(*_TAKE(opened))
            known.at = self._now

    def _dearest(self, opening: Opening, most: Mapping[str, int]) -> str:
        if len(opening.skus) == 1:
            return opening.skus[0]
        return max(opening.skus, key=lambda sku: self._prices.worst_micro((sku,), most, self._day))

    def _close(self, event_id: str, closing: Closing, sheet: Sheet) -> Money | None:
        held = self._held.get(closing.attempt_id)
        if held is None:
            raise NotFound("No such attempt.")
        if closing.status == "unknown":
            if held.status == "open":
                self._end(held, closing, held.tokens)
            return None
        if held.status not in UNSETTLED:
            raise AttemptClosed(f"The attempt {closing.attempt_id} is {held.status} already.")
        at = held.at
        cost, tokens = None, 0
        if closing.status == "settled":
            used = closing.used.plain()
            cost, tokens = self._prices.cost(closing.sku or held.sku, used, at.date()), closing.used.tokens
            self._events.append(self._event(event_id, held, closing, used, cost))
        spent = cost.micro if cost is not None else 0
        more = tokens - held.tokens
        sheet.correct(held.payer, at, held.month, spent=spent, held=-held.worst_micro, tokens=more)
        self._end(held, closing, tokens)
        return cost

    def _end(self, held: Held, closing: Closing, tokens: int) -> None:
        """Note the end, here too: the same attempt may be in the batch twice."""
        held.status, held.tokens = closing.status, tokens
        is_known = self._known is not None and held.id in self._known
        (self._closed_known if is_known else self._closed).append(
            {
                "of": held.id,
                "status": closing.status,
                "reason": closing.reason[:200],
                "closed_at": None if closing.status == "unknown" else self._at,
                "sku": closing.sku or held.sku,
                "engine": closing.engine or held.engine,
                "tokens": tokens,
            }
        )

    def _event(
        self, event_id: str, held: Held, closing: Closing, used: Mapping[str, int], cost: Money
    ) -> dict[str, Any]:
        return {
            "id": event_id,
            "org_id": held.org_id,
            "at": self._at,
            "sku": closing.sku or held.sku,
            "person_id": held.person_id,
            "key_id": held.key_id,
            "assistant": held.assistant,
            "run_id": held.run_id,
            "step_id": held.step_id or held.id,
            "attempt": held.attempt,
            "deployment": held.deployment,
            "engine": closing.engine or held.engine,
            "month": held.month,
            **used,
            "cost_micro": cost.micro,
            "currency": cost.currency,
        }


_OF_HELD = [of.name for of in fields(Held) if of.init]
_TAKE = itemgetter(*_OF_HELD)
_CHANGED = ("status", "reason", "closed_at", "sku", "engine", "tokens")
_FIND = f"SELECT {', '.join(_OF_HELD)} FROM meter_attempt WHERE id IN"  # noqa: S608 - our names
_OPEN = Prepared(insert(_attempt), _attempt.c.keys())
_SETTLE = Prepared(insert(_event), _event.c.keys())
_CLOSE = Prepared(
    update(_attempt)
    .where(_attempt.c.id == bindparam("of"), _attempt.c.closed_at.is_(None))
    .values({name: bindparam(name) for name in _CHANGED}),
    (*_CHANGED, "of"),
)


def share_ledger(work: Work, *, alone: bool = False) -> None:
    """Hold the ledger among others who write it, or `alone`, until the transaction ends.

    Who is alone can add it up and set counters by it. SQLite has one writer anyway.
    """
    if not work.is_sqlite and (alone or share_ledger not in work.known):
        work.known[share_ledger] = True
        work.aside.run(f"LOCK TABLE meter_attempt IN {'SHARE ROW' if alone else 'ROW'} EXCLUSIVE MODE")


def payer_of(opening: Opening) -> Payer:
    """Return whose budgets pay for a call."""
    return Payer(opening.org_id, opening.person_id, opening.assistant, opening.key_id)
