"""Metering and the statement. A row is written in the transaction of the step that used what it counts."""

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import ColumnElement, SQLColumnExpression, func, select

from jindou.billing.pricing import Money, PriceBook
from jindou.billing.usage.attempts import Attempts
from jindou.billing.usage.tables import MeterEventRow
from jindou.billing.usage.types import MeterEvent, Quantities, Statement, StatementLine
from jindou.db import Work
from jindou.identity.policy import Policy, Resource
from jindou.identity.principals import Principal

__all__ = ["Usage", "Use"]

_LATEST = 50
_GATEWAY = "API"
"""What a call without an assistant is shown as."""


class Use:
    """Who used what, in which step."""

    def __init__(self, *, sku: str, person_id: str, assistant: str, run_id: str, step_id: str, attempt: int) -> None:
        self.sku = sku
        self.person_id = person_id
        self.assistant = assistant
        self.run_id = run_id
        self.step_id = step_id
        self.attempt = attempt


class Usage:
    """The ledger and what it adds up to."""

    def __init__(self, prices: PriceBook, policy: Policy, name_of: Callable[[Work, str], str]) -> None:
        self._prices = prices
        self._policy = policy
        self._name_of = name_of
        self.attempts = Attempts(prices)

    @property
    def currency(self) -> str:
        """The ISO 4217 currency of every amount."""
        return self._prices.currency

    def record(self, work: Work, use: Use, quantities: Quantities) -> Money:
        """Write the one row of a step's attempt and return what it cost.

        Raises:
            PriceMissing: the price book does not know the SKU.
        """
        now = work.now()
        cost = self._prices.cost(use.sku, quantities.model_dump(), now.date())
        row = MeterEventRow(
            id=work.new_id("mtr"),
            at=now,
            key_id="",
            **vars(use),
            **quantities.model_dump(),
            cost_micro=cost.micro,
            currency=cost.currency,
        )
        work.session.add(row)
        return cost

    def statement(self, work: Work, who: Principal, days: int = 30) -> Statement:
        """Return the bill of the last `days`: the organisation's for those who may see it, else one's own."""
        until = work.now()
        since = until - timedelta(days=days)
        everybody = self._sees_everybody(who)
        scope: list[ColumnElement[bool]] = [MeterEventRow.org_id == who.org_id, MeterEventRow.at >= since]
        if not everybody:
            scope.append(MeterEventRow.person_id == who.person_id)
        latest = select(MeterEventRow).where(*scope).order_by(MeterEventRow.id.desc()).limit(_LATEST)
        by_person = self._lines(work, scope, MeterEventRow.person_id)
        for line in by_person:
            line.label = self._name_of(work, line.key)
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
            by_day=self._lines(work, scope, func.date(MeterEventRow.at)),
            latest=[_event(row) for row in work.session.scalars(latest)],
            held=Money(micro=sum(attempt.worst.micro for attempt in unsettled), currency=self.currency),
            unsettled=unsettled,
        )

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
            func.sum(row.calls),
            func.sum(row.cost_micro),
        )
        lines = [
            StatementLine(
                key=str(of),
                label=str(of) or _GATEWAY,
                events=events,
                quantities=Quantities(input_tokens=given, cached_tokens=cached, output_tokens=made, calls=calls),
                cost=Money(micro=micro, currency=self.currency),
            )
            for of, events, given, cached, made, calls, micro in work.session.execute(sums.where(*scope).group_by(key))
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
        quantities=Quantities(
            input_tokens=row.input_tokens,
            cached_tokens=row.cached_tokens,
            output_tokens=row.output_tokens,
            calls=row.calls,
        ),
        cost=Money(micro=row.cost_micro, currency=row.currency),
    )
