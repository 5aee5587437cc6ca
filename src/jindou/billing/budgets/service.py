"""Budgets: what managers allow. Whether a call has room in them is judged on their `sheet`."""

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from sqlalchemy import delete, select

from jindou.billing.budgets.tables import BudgetMinuteRow, BudgetMonthRow, BudgetRow
from jindou.billing.budgets.types import (
    Bound,
    Budget,
    BudgetAsk,
    BudgetChange,
    BudgetMinute,
    BudgetMonth,
    Scope,
    ScopeKind,
    Tally,
)
from jindou.billing.budgets.window import Window
from jindou.billing.pricing import Money
from jindou.db import Work
from jindou.errors import Conflict, Invalid, NotFound
from jindou.identity.audit import Audit, Entry
from jindou.identity.policy import Policy, Resource
from jindou.identity.principals import Principal

__all__ = ["BudgetExists", "Budgets", "FindTally"]

_LIMITS = ("monthly_micro", "rpm", "tpm")


class BudgetExists(Conflict):
    """Whom it would bind has a budget already."""

    code = "budget_exists"


class FindTally(Protocol):
    """Adds up the ledger: this month's money and this minute's calls, of one scope or of all that used something."""

    def __call__(self, work: Work, of: Scope | None = None, *, alone: bool = False) -> Mapping[Scope, Tally]:
        """Return the sums; `alone` keeps everybody else from writing the ledger until the transaction ends."""
        ...


class Budgets:
    """The budgets of an organisation.

    `find_bound` returns whom a scope binds, or raises NotFound; `find_tally` adds up the ledger.
    """

    def __init__(
        self,
        policy: Policy,
        audit: Audit,
        currency: str,
        find_bound: Callable[[Work, ScopeKind, str], Bound],
        find_tally: FindTally,
    ) -> None:
        self._policy = policy
        self._audit = audit
        self._currency = currency
        self._find_bound = find_bound
        self._find_tally = find_tally

    def create(self, work: Work, who: Principal, ask: BudgetAsk) -> Budget:
        """Set a budget for somebody who has none; what they have used this month counts.

        Raises:
            Forbidden: only managers do.
            NotFound: there is no such person, assistant or key.
            BudgetExists: there is one; change that.
        """
        rules = self._require(who, "budgets::create", own=False)
        scope_id = who.org_id if ask.scope == "organisation" else ask.scope_id
        bound = self._find_bound(work, ask.scope, scope_id)
        scope: Scope = (who.org_id, ask.scope, scope_id)
        tally = self._tally(work, scope)
        there = select(BudgetRow.id).where(BudgetRow.scope == ask.scope, BudgetRow.scope_id == scope_id)
        if work.session.scalars(there).first() is not None:
            raise BudgetExists(f"The {ask.scope} {bound.name} has a budget already; change that one.")
        now = work.now()
        limits = ask.model_dump(include={*_LIMITS, "warn_share"})
        row = BudgetRow(
            id=work.new_id("bud"),
            org_id=who.org_id,
            scope=ask.scope,
            scope_id=scope_id,
            name=ask.name or bound.name,
            **limits,
            currency=self._currency,
            created_at=now,
            updated_at=now,
        )
        work.session.add(row)
        work.session.flush()
        self._set_counters(work, row, tally)
        self._tell(work, who, "budgets::create", row, rules, scope=ask.scope, scope_id=scope_id, **limits)
        return self._shown(work, [row])[0]

    def list_budgets(self, work: Work, who: Principal) -> list[Budget]:
        """Return every budget for those who manage them, else those that bind `who`."""
        rows = work.session.scalars(select(BudgetRow).order_by(BudgetRow.id)).all()
        return self._shown(work, [row for row in rows if self._may_read(work, who, row)])

    def get(self, work: Work, who: Principal, budget_id: str) -> Budget:
        """Return a budget.

        Raises:
            NotFound: there is none that `who` may see.
        """
        return self._shown(work, [self._visible(work, who, budget_id)])[0]

    def may_manage(self, who: Principal) -> bool:
        """Say whether `who` may set budgets, so that a page can offer it."""
        context = {"own": False}
        return (
            self._policy.decide(who, "budgets::create", Resource("Organisation", who.org_id), context).verb == "allow"
        )

    def update(self, work: Work, who: Principal, budget_id: str, change: BudgetChange) -> Budget:
        """Change a budget; it binds the next call.

        Raises:
            NotFound: there is none that `who` may see.
            Forbidden: only managers do.
            Invalid: nothing would be limited any more.
        """
        row = self._visible(work, who, budget_id)
        rules = self._require(who, "budgets::update", own=False)
        tally = self._tally(work, (row.org_id, row.scope, row.scope_id))
        changed = change.model_dump(exclude_unset=True)
        for name, value in changed.items():
            setattr(row, name, value)
        if all(getattr(row, name) is None for name in _LIMITS):
            told = "Nothing would be limited any more; delete the budget instead."
            raise Invalid(told, field="monthly_micro", rule="monthly_micro, rpm or tpm")
        row.updated_at = work.now()
        self._set_counters(work, row, tally)
        self._tell(work, who, "budgets::update", row, rules, **changed)
        return self._shown(work, [row])[0]

    def delete(self, work: Work, who: Principal, budget_id: str) -> None:
        """Take a budget away.

        Raises:
            NotFound, Forbidden: as `update` says.
        """
        row = self._visible(work, who, budget_id)
        rules = self._require(who, "budgets::delete", own=False)
        self._tell(work, who, "budgets::delete", row, rules, scope=row.scope, scope_id=row.scope_id)
        work.session.execute(delete(BudgetRow).where(BudgetRow.id == row.id))

    def count_wrong(self, work: Work) -> int:
        """Return how many budgets have counters that differ from the ledger."""
        found = self._find_tally(work)
        window = Window.of(work.now())
        rows = work.session.scalars(select(BudgetRow)).all()
        months, minutes = _months(work, rows, window.month), _minutes(work, rows, window.minute)
        return sum(
            _counted(row, months.get(row.id), minutes.get(row.id)) != _expected(row, _tally_of(row, found))
            for row in rows
        )

    def repair(self, work: Work) -> int:
        """Set the counters of every budget by the ledger, and return how many were wrong."""
        found = self._find_tally(work, alone=True)
        wrong = self.count_wrong(work)
        for row in work.session.scalars(select(BudgetRow)).all():
            self._set_counters(work, row, _tally_of(row, found))
        return wrong

    def _tally(self, work: Work, scope: Scope) -> Tally:
        return self._find_tally(work, scope, alone=True).get(scope, Tally())

    def _set_counters(self, work: Work, row: BudgetRow, tally: Tally) -> None:
        window = Window.of(work.now())
        month = BudgetMonthRow(
            budget_id=row.id,
            org_id=row.org_id,
            month=window.month,
            spent_micro=tally.spent,
            held_micro=tally.held,
        )
        work.session.merge(month)
        minute = BudgetMinuteRow(
            budget_id=row.id,
            org_id=row.org_id,
            minute=window.minute,
            requests=tally.requests,
            tokens=tally.tokens,
        )
        work.session.merge(minute)
        work.session.flush()

    def _visible(self, work: Work, who: Principal, budget_id: str) -> BudgetRow:
        row = work.session.scalars(select(BudgetRow).where(BudgetRow.id == budget_id)).first()
        if row is None or not self._may_read(work, who, row):
            raise NotFound("There is no such budget.")
        return row

    def _may_read(self, work: Work, who: Principal, row: BudgetRow) -> bool:
        context = {"own": self._binds(work, row, who)}
        return self._policy.decide(who, "budgets::read", Resource("Organisation", who.org_id), context).verb == "allow"

    def _binds(self, work: Work, row: BudgetRow, who: Principal) -> bool:
        """Say whether `who` may be refused by it: everybody by that of the organisation, or of an assistant."""
        if row.scope in {"organisation", "assistant"}:
            return True
        try:
            return self._find_bound(work, row.scope, row.scope_id).person_id == who.person_id
        except NotFound:
            return False

    def _require(self, who: Principal, action: str, *, own: bool) -> list[str]:
        decision = self._policy.require(who, action, Resource("Organisation", who.org_id), {"own": own})
        return [rule.id for rule in decision.rules]

    def _tell(
        self, work: Work, who: Principal, action: str, row: BudgetRow, rules: list[str], **detail: object
    ) -> None:
        entry = Entry(action=action, resource=row.id, decision="allow", rules=rules, detail=detail)
        self._audit.append(work, who.org_id, actor=who.actor, on_behalf_of=who.person_id, entry=entry)

    def _shown(self, work: Work, rows: list[BudgetRow]) -> list[Budget]:
        window = Window.of(work.now())
        months, minutes = _months(work, rows, window.month), _minutes(work, rows, window.minute)
        return [self._budget(work, row, months.get(row.id), minutes.get(row.id)) for row in rows]

    def _budget(
        self, work: Work, row: BudgetRow, month: BudgetMonthRow | None, minute: BudgetMinuteRow | None
    ) -> Budget:
        window = Window.of(work.now())
        spent, held = (month.spent_micro, month.held_micro) if month else (0, 0)
        left = None if row.monthly_micro is None else row.monthly_micro - spent - held
        return Budget(
            id=row.id,
            scope=row.scope,
            scope_id=row.scope_id,
            name=row.name,
            monthly_micro=row.monthly_micro,
            warn_share=row.warn_share,
            rpm=row.rpm,
            tpm=row.tpm,
            currency=row.currency,
            created_at=row.created_at,
            updated_at=row.updated_at,
            month=BudgetMonth(
                month=window.month,
                spent=Money(micro=spent, currency=row.currency),
                held=Money(micro=held, currency=row.currency),
                left=None if left is None else Money(micro=left, currency=row.currency),
                resets_at=window.month_ends,
            ),
            minute=BudgetMinute(
                requests=minute.requests if minute else 0,
                tokens=minute.tokens if minute else 0,
                resets_at=window.minute_ends,
            ),
        )


def _months(work: Work, rows: Iterable[BudgetRow], month: str) -> dict[str, BudgetMonthRow]:
    ids = [row.id for row in rows]
    query = select(BudgetMonthRow).where(BudgetMonthRow.month == month)
    if len(ids) == 1:
        query = query.where(BudgetMonthRow.budget_id == ids[0])
    return {row.budget_id: row for row in work.session.scalars(query)}


def _minutes(work: Work, rows: Iterable[BudgetRow], minute: int) -> dict[str, BudgetMinuteRow]:
    ids = [row.id for row in rows]
    query = select(BudgetMinuteRow).where(BudgetMinuteRow.minute == minute)
    if len(ids) == 1:
        query = query.where(BudgetMinuteRow.budget_id == ids[0])
    return {row.budget_id: row for row in work.session.scalars(query)}


def _tally_of(row: BudgetRow, found: Mapping[Scope, Tally]) -> Tally:
    return found.get((row.org_id, row.scope, row.scope_id), Tally())


def _expected(row: BudgetRow, tally: Tally) -> Tally:
    """Minutes are counted where a limit of the budget looks at them."""
    return tally if row.rpm is not None or row.tpm is not None else tally._replace(requests=0, tokens=0)


def _counted(row: BudgetRow, month: BudgetMonthRow | None, minute: BudgetMinuteRow | None) -> Tally:
    spent, held = (month.spent_micro, month.held_micro) if month else (0, 0)
    requests, tokens = (minute.requests, minute.tokens) if minute else (0, 0)
    return _expected(row, Tally(spent, held, requests, tokens))
