"""Metering and the statement. A row is written in the transaction of the step that used what it counts."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, SQLColumnExpression, func, select

from jindou.billing.budgets import Sheet
from jindou.billing.pricing import Money, PriceBook
from jindou.billing.usage.attempts import Attempts
from jindou.billing.usage.batch import payer_of, share_ledger
from jindou.billing.usage.daily import begin_of, daily_use
from jindou.billing.usage.tables import MeterEventRow
from jindou.billing.usage.types import (
    DailyUse,
    MeterEvent,
    Opening,
    Quantities,
    Reconciliation,
    Statement,
    StatementLine,
    UseGroup,
)
from jindou.db import Work
from jindou.errors import Conflict
from jindou.identity.audit import Audit, Entry
from jindou.identity.policy import Policy, Resource
from jindou.identity.principals import Principal

__all__ = ["AttemptOpen", "Usage"]

_LATEST = 50
_GATEWAY = "API"
"""What a call without an assistant is shown as."""
_NO_KEY = "–"
"""What a call without a key is shown as: one of a run."""


class AttemptOpen(Conflict):
    """The call is under way, and will say itself what it used."""

    code = "attempt_open"


class Usage:
    """The ledger and what it adds up to."""

    def __init__(self, prices: PriceBook, policy: Policy, audit: Audit, name_of: Callable[[Work, str], str]) -> None:
        self._prices = prices
        self._policy = policy
        self._audit = audit
        self._name_of = name_of
        self.attempts = Attempts(prices)

    @property
    def currency(self) -> str:
        """The ISO 4217 currency of every amount."""
        return self._prices.currency

    def worst(self, work: Work, skus: Sequence[str], quantities: Quantities) -> Money:
        """Return what something would cost today at most, at the dearest of `skus`.

        Raises:
            PriceMissing: the price book does not know one of them.
        """
        return self._prices.worst(skus, quantities.plain(), work.now().date())

    def hold(self, work: Work, org_ids: Iterable[str]) -> None:
        """Hold the ledger among others, and all budgets of some organisations: for calls of several units of work."""
        share_ledger(work)
        Sheet.hold(work, org_ids)

    def record(self, work: Work, done: Opening) -> Money:
        """Write the one row of what was done in this very transaction, and return what it cost.

        Nothing was held for it; its budgets pay, even where they have no room left. `done.worst` is what it used.

        Raises:
            PriceMissing: the price book does not know the SKU.
        """
        now = work.now()
        (sku,) = done.skus
        quantities = done.worst.plain()
        cost = self._prices.cost(sku, quantities, now.date())
        share_ledger(work)
        payer = payer_of(done)
        sheet = Sheet(work, {payer}, now, self.currency)
        sheet.correct(payer, now, sheet.month, spent=cost.micro, held=0, tokens=0)
        sheet.write()
        work.new(
            MeterEventRow,
            id=work.new_id("mtr"),
            org_id=done.org_id,
            at=now,
            sku=sku,
            person_id=done.person_id,
            key_id=done.key_id,
            assistant=done.assistant,
            run_id=done.run_id,
            step_id=done.step_id,
            attempt=done.attempt,
            deployment=done.deployment,
            engine=done.engine,
            month=sheet.month,
            **quantities,
            cost_micro=cost.micro,
            currency=cost.currency,
        )
        return cost

    def reconcile(self, work: Work, who: Principal, attempt_id: str, found: Reconciliation) -> Money:
        """Settle an unknown attempt by figures that a person has found, and return its cost.

        Raises:
            Forbidden: only managers do.
            NotFound: there is no such attempt.
            AttemptOpen: its call is under way.
            AttemptClosed: it has its figures.
            PriceMissing: the price book does not know the SKU.
        """
        decision = self._policy.require(who, "usage::reconcile", Resource("Organisation", who.org_id), {})
        attempt = self.attempts.get_unsettled(work, who.org_id, attempt_id)
        if attempt.status == "open":
            raise AttemptOpen(f"The call of {attempt_id} is under way; it will say itself what it used.")
        cost = self.attempts.settle(work, attempt_id, found.quantities, found.sku)
        entry = Entry(
            action="usage::reconcile",
            resource=attempt_id,
            decision="allow",
            rules=[rule.id for rule in decision.rules],
            run_id=attempt.run_id,
            step_id=attempt.step_id,
            detail={"held_micro": attempt.worst.micro, "cost_micro": cost.micro, **found.model_dump()},
        )
        self._audit.append(work, who.org_id, actor=who.actor, on_behalf_of=who.person_id, entry=entry)
        return cost

    def statement(self, work: Work, who: Principal, days: int = 30) -> Statement:
        """Return the bill of the last `days`: the organisation's for those who may see it, else one's own."""
        until = work.now()
        since = until - timedelta(days=days)
        everybody = self._sees_everybody(who)
        scope = self._scope(who, since, everybody=everybody)
        latest = select(MeterEventRow).where(*scope).order_by(MeterEventRow.id.desc()).limit(_LATEST)
        by_person = self._lines(work, scope, MeterEventRow.person_id)
        for line in by_person:
            line.label = self._name_of(work, line.key)
        by_key = self._lines(work, scope, MeterEventRow.key_id)
        for line in by_key:
            line.label = self._name_of(work, line.key) if line.key else _NO_KEY
        by_sku = self._lines(work, scope, MeterEventRow.sku)
        unsettled = self.attempts.list_unsettled(work, who, everybody=everybody)
        return Statement(
            since=since,
            until=until,
            total=Money(micro=sum(line.cost.micro for line in by_sku), currency=self.currency),
            events=sum(line.events for line in by_sku),
            by_sku=by_sku,
            by_person=by_person,
            by_assistant=self._lines(work, scope, MeterEventRow.assistant),
            by_key=by_key,
            by_day=self._lines(work, scope, func.date(MeterEventRow.at)),
            latest=[_event(row) for row in work.session.scalars(latest)],
            held=Money(micro=sum(attempt.worst.micro for attempt in unsettled), currency=self.currency),
            unsettled=unsettled,
        )

    def daily(self, work: Work, who: Principal, group: UseGroup, days: int = 30) -> DailyUse:
        """Return what each of the last `days` cost and used, by `group`, for whom `statement` would tell it."""
        since = begin_of(work.now(), days)
        scope = self._scope(who, since, everybody=self._sees_everybody(who))

        def label_of(key: str) -> str:
            if group in {"person", "key"} and key:
                return self._name_of(work, key)
            return key or (_NO_KEY if group == "key" else _GATEWAY)

        return daily_use(work, scope, group, since, currency=self.currency, label_of=label_of)

    def _scope(self, who: Principal, since: datetime, *, everybody: bool) -> list[ColumnElement[bool]]:
        scope: list[ColumnElement[bool]] = [MeterEventRow.org_id == who.org_id, MeterEventRow.at >= since]
        return scope if everybody else [*scope, MeterEventRow.person_id == who.person_id]

    def _sees_everybody(self, who: Principal) -> bool:
        return self._policy.decide(who, "usage::read", Resource("Organisation", who.org_id), {}).verb == "allow"

    def _lines(
        self, work: Work, scope: list[ColumnElement[bool]], key: SQLColumnExpression[str]
    ) -> list[StatementLine]:
        row = MeterEventRow
        sums = select(
            key,
            func.count(),
            func.sum(row.input_tokens),
            func.sum(row.cached_tokens),
            func.sum(row.output_tokens),
            func.sum(row.reasoning_tokens),
            func.sum(row.calls),
            func.sum(row.cost_micro),
        )
        found = work.session.execute(sums.where(*scope).group_by(key))
        lines = [
            StatementLine(
                key=str(of),
                label=str(of) or _GATEWAY,
                events=events,
                quantities=Quantities(
                    input_tokens=given,
                    cached_tokens=cached,
                    output_tokens=made,
                    reasoning_tokens=reasoned,
                    calls=calls,
                ),
                cost=Money(micro=micro, currency=self.currency),
            )
            for of, events, given, cached, made, reasoned, calls, micro in found
        ]
        return sorted(lines, key=lambda line: (-line.cost.micro, line.key))


def _event(row: MeterEventRow) -> MeterEvent:
    return MeterEvent(
        id=row.id,
        at=row.at,
        sku=row.sku,
        person_id=row.person_id,
        key_id=row.key_id,
        assistant=row.assistant,
        run_id=row.run_id,
        step_id=row.step_id,
        deployment=row.deployment,
        engine=row.engine,
        quantities=Quantities(
            input_tokens=row.input_tokens,
            cached_tokens=row.cached_tokens,
            output_tokens=row.output_tokens,
            reasoning_tokens=row.reasoning_tokens,
            calls=row.calls,
        ),
        cost=Money(micro=row.cost_micro, currency=row.currency),
    )
