"""Exact metering of calls that nobody journals: OPEN before the call, SETTLE once when its figures are there."""

from sqlalchemy import select, update

from jindou.billing.pricing import Money, PriceBook
from jindou.billing.usage.tables import MeterAttemptRow, MeterEventRow
from jindou.billing.usage.types import Attempt, Quantities
from jindou.db import Work
from jindou.errors import Conflict, NotFound
from jindou.identity.principals import Principal

__all__ = ["AttemptClosed", "Attempts"]

_UNSETTLED = ("open", "unknown")


class AttemptClosed(Conflict):
    """The attempt has its figures, or was found to have used nothing; neither changes any more."""

    code = "attempt_closed"


class Attempts:
    """Calls of the gateway, from before they are made until their ledger row is written."""

    def __init__(self, prices: PriceBook) -> None:
        self._prices = prices

    def open(self, work: Work, who: Principal, key_id: str, sku: str, worst: Quantities) -> str:
        """Write that a call is about to be made, which uses `worst` at most, and return the attempt's id.

        Raises:
            PriceMissing: the price book does not know the SKU.
        """
        now = work.now()
        held = self._prices.cost(sku, worst.model_dump(), now.date())
        row = MeterAttemptRow(
            id=work.new_id("att"),
            at=now,
            status="open",
            reason="",
            sku=sku,
            person_id=who.person_id,
            key_id=key_id,
            input_tokens=worst.input_tokens,
            output_tokens=worst.output_tokens,
            worst_micro=held.micro,
            currency=held.currency,
        )
        work.session.add(row)
        return row.id

    def settle(self, work: Work, attempt_id: str, used: Quantities) -> Money:
        """Write the one ledger row of an attempt, at the price of the day it was opened, and return its cost.

        Raises:
            AttemptClosed: it has its row already, or used nothing.
        """
        row = self._close(work, attempt_id, "settled")
        cost = self._prices.cost(row.sku, used.model_dump(), row.at.date())
        event = MeterEventRow(
            id=work.new_id("mtr"),
            at=work.now(),
            sku=row.sku,
            person_id=row.person_id,
            key_id=row.key_id,
            assistant="",
            run_id="",
            step_id=row.id,
            attempt=1,
            **used.model_dump(),
            cost_micro=cost.micro,
            currency=cost.currency,
        )
        work.session.add(event)
        return cost

    def void(self, work: Work, attempt_id: str, reason: str) -> None:
        """Write that the engine refused the call before it wrote anything, so that there is nothing to pay.

        Raises:
            AttemptClosed: it has its row already.
        """
        self._close(work, attempt_id, "void").reason = reason[:200]

    def lose(self, work: Work, attempt_id: str, reason: str) -> None:
        """Write that nobody knows what an attempt used; its worst case is held. One that is closed stays so."""
        lost = update(MeterAttemptRow).where(MeterAttemptRow.id == attempt_id, MeterAttemptRow.status == "open")
        work.session.execute(lost.values(status="unknown", reason=reason[:200]))

    def recover(self, work: Work) -> int:
        """Call every open attempt unknown: the process that opened them is dead. Returns how many there were."""
        left = work.session.scalars(select(MeterAttemptRow).where(MeterAttemptRow.status == "open")).all()
        for row in left:
            row.status, row.reason = "unknown", "The process ended before the call was settled."
        return len(left)

    def list_unsettled(self, work: Work, who: Principal, *, everybody: bool) -> list[Attempt]:
        """Return what is still held, the oldest first: one's own, or with `everybody` the organisation's."""
        query = select(MeterAttemptRow).where(
            MeterAttemptRow.org_id == who.org_id, MeterAttemptRow.status.in_(_UNSETTLED)
        )
        if not everybody:
            query = query.where(MeterAttemptRow.person_id == who.person_id)
        return [_attempt(row) for row in work.session.scalars(query.order_by(MeterAttemptRow.id))]

    def _close(self, work: Work, attempt_id: str, status: str) -> MeterAttemptRow:
        row = work.session.scalars(
            select(MeterAttemptRow).where(MeterAttemptRow.id == attempt_id).with_for_update()
        ).first()
        if row is None:
            raise NotFound("No such attempt.")
        if row.status not in _UNSETTLED:
            raise AttemptClosed(f"The attempt {attempt_id} is {row.status} already.")
        row.status, row.reason, row.closed_at = status, "", work.now()
        return row


def _attempt(row: MeterAttemptRow) -> Attempt:
    return Attempt(
        id=row.id,
        at=row.at,
        status="open" if row.status == "open" else "unknown",
        reason=row.reason,
        sku=row.sku,
        person_id=row.person_id,
        key_id=row.key_id,
        worst=Money(micro=row.worst_micro, currency=row.currency),
    )
