"""Exact metering: OPEN before a call, SETTLE once when its figures are there. What happens between is never free."""

from collections.abc import Collection, Mapping, Sequence
from typing import cast

from sqlalchemy import Table, select

from jindou.billing.budgets import Tally
from jindou.billing.pricing import Money, PriceBook
from jindou.billing.usage.batch import UNSETTLED, AttemptClosed, Batch, Closing, Held, Written
from jindou.billing.usage.tables import MeterAttemptRow
from jindou.billing.usage.tally import tally_ledger
from jindou.billing.usage.types import Admission, Attempt, Opening, Quantities, Scope
from jindou.db import Work
from jindou.errors import JindouError, NotFound
from jindou.identity.principals import Principal

__all__ = ["Attempts"]

_DIED = "The process ended before the call was settled."
_attempt = cast("Table", MeterAttemptRow.__table__)


class Attempts:
    """Calls of models, from before they are made until their ledger row is written."""

    def __init__(self, prices: PriceBook) -> None:
        self._prices = prices

    def open(self, work: Work, opening: Opening) -> Admission:
        """Write that a call is about to be made, and hold its worst case.

        Raises:
            BudgetExceeded, RateLimited: a limit that binds it has no room; nothing was written.
            PriceMissing: the price book does not know one of its SKUs.
        """
        written = self._one(work, opening)
        if not isinstance(written, Admission):
            raise TypeError(written)
        return written

    def settle(
        self, work: Work, attempt_id: str, used: Quantities, sku: str | None = None, *, engine: str | None = None
    ) -> Money:
        """Write the one ledger row of an attempt, and return its cost.

        Its price is that of the day it was opened, of the SKU that answered; its month is the one it was opened in.

        Raises:
            AttemptClosed: it has its row already, or used nothing.
            NotFound: there is no such attempt.
        """
        closing = Closing(attempt_id=attempt_id, status="settled", used=used, sku=sku, engine=engine)
        written = self._one(work, closing)
        if not isinstance(written, Money):
            raise TypeError(written)
        return written

    def void(self, work: Work, attempt_id: str, reason: str) -> None:
        """Write that the engine refused the call before it wrote anything, so that there is nothing to pay.

        Raises:
            AttemptClosed, NotFound: as `settle` says.
        """
        self._one(work, Closing(attempt_id=attempt_id, status="void", reason=reason))

    def lose(self, work: Work, attempt_id: str, reason: str) -> None:
        """Write that nobody knows what an attempt used; its worst case is held. One that is closed stays so."""
        self._one(work, Closing(attempt_id=attempt_id, status="unknown", reason=reason))

    def write(
        self, work: Work, items: Sequence[Opening | Closing], owner: str = "", known: dict[str, Held] | None = None
    ) -> list[Written | JindouError]:
        """Write all of `items` in few statements: what is closed first, then each opening judged in its turn.

        An item that can't be written has its error in its place, and changes nothing. `owner` is the process that has
        the opened calls under way; it may keep what is `known` of them from one batch to the next.

        Raises:
            AttemptMoved: as `Batch.write` says.
        """
        return Batch(work, self._prices, owner, known).write(items)

    def lose_step(self, work: Work, step_id: str, attempt: int) -> None:
        """Write that nobody knows what a step's attempt used, if it was opened and not closed."""
        mine = select(_attempt.c.id).where(
            _attempt.c.closed_at.is_(None),
            _attempt.c.status == "open",
            _attempt.c.step_id == step_id,
            _attempt.c.attempt == attempt,
        )
        for attempt_id in work.session.connection().scalars(mine).all():
            self.lose(work, attempt_id, _DIED)

    def recover(self, work: Work, alive: Collection[str] = ()) -> int:
        """Call unknown every open call of the gateway whose process is not `alive`; return how many there were.

        Those of runs stay: who takes a run up again knows what became of its step.
        """
        left = select(_attempt.c.id).where(
            _attempt.c.closed_at.is_(None),
            _attempt.c.status == "open",
            _attempt.c.run_id == "",
            _attempt.c.owner.not_in(sorted(alive)),
        )
        found = work.session.connection().scalars(left.order_by(_attempt.c.id)).all()
        self.write(work, [Closing(attempt_id=attempt_id, status="unknown", reason=_DIED) for attempt_id in found])
        return len(found)

    def tally(self, work: Work, of: Scope | None = None, *, alone: bool = False) -> Mapping[Scope, Tally]:
        """Add up this month's money and this minute's calls, of one scope or of all that used something.

        `alone` keeps everybody else from writing the ledger until the transaction ends.
        """
        return tally_ledger(work, of, alone=alone)

    def list_unsettled(self, work: Work, who: Principal, *, everybody: bool) -> list[Attempt]:
        """Return what is still held, the oldest first: one's own, or with `everybody` the organisation's."""
        query = select(MeterAttemptRow).where(MeterAttemptRow.org_id == who.org_id, MeterAttemptRow.closed_at.is_(None))
        if not everybody:
            query = query.where(MeterAttemptRow.person_id == who.person_id)
        return [_as_attempt(row) for row in work.session.scalars(query.order_by(MeterAttemptRow.id))]

    def get_unsettled(self, work: Work, org_id: str, attempt_id: str) -> Attempt:
        """Return an attempt that is still held.

        Raises:
            NotFound: there is no such attempt.
            AttemptClosed: it is not held any more.
        """
        mine = select(MeterAttemptRow).where(MeterAttemptRow.org_id == org_id, MeterAttemptRow.id == attempt_id)
        row = work.session.scalars(mine).first()
        if row is None:
            raise NotFound("No such attempt.")
        if row.status not in UNSETTLED:
            raise AttemptClosed(f"The attempt {attempt_id} is {row.status} already.")
        return _as_attempt(row)

    def _one(self, work: Work, item: Opening | Closing) -> Written:
        (written,) = self.write(work, [item])
        if isinstance(written, JindouError):
            raise written
        return written


def _as_attempt(row: MeterAttemptRow) -> Attempt:
    return Attempt(
        id=row.id,
        at=row.at,
        status="open" if row.status == "open" else "unknown",
        reason=row.reason,
        sku=row.sku,
        person_id=row.person_id,
        key_id=row.key_id,
        assistant=row.assistant,
        run_id=row.run_id,
        step_id=row.step_id,
        deployment=row.deployment,
        engine=row.engine,
        worst=Money(micro=row.worst_micro, currency=row.currency),
    )
