"""Who may set which budget, what it shows, and that its counters are the ledger's sums from the first moment on."""

from datetime import timedelta

import pytest
from billing_site import CALL, CLERK, MANAGER, USED, Site, call
from pydantic import ValidationError
from sqlalchemy import select

from jindou.billing.budgets import BudgetAsk, BudgetChange, BudgetExceeded
from jindou.billing.budgets.tables import BudgetMinuteRow, BudgetMonthRow
from jindou.errors import Conflict, Forbidden, Invalid, NotFound
from jindou.identity.audit.tables import AuditEventRow
from support.ground import OTHERS, OURS


def change(site: Site, budget_id: str, **changed: object) -> None:
    with site.database.writing(OURS) as work:
        site.budgets.update(work, MANAGER, budget_id, BudgetChange.model_validate(changed))


def test_a_budget_is_made_seen_changed_and_taken_away(site: Site) -> None:
    made = site.budget("person", CLERK.person_id, monthly_micro=5 * CALL, warn_share=0.8, rpm=3)
    assert (made.name, made.month.month, made.month.left and made.month.left.micro) == ("Li Na", "2026-03", 5 * CALL)
    change(site, made.id, monthly_micro=7 * CALL, rpm=None)
    seen = site.seen(made.id)
    assert (seen.monthly_micro, seen.rpm, seen.warn_share) == (7 * CALL, None, 0.8)
    with site.database.writing(OURS) as work:
        site.budgets.delete(work, MANAGER, made.id)
    with site.database.reading(OURS) as work:
        assert site.budgets.list_budgets(work, MANAGER) == []
        assert work.session.scalars(select(BudgetMonthRow)).all() == []
        assert work.session.scalars(select(BudgetMinuteRow)).all() == []
        actions = [row.action for row in work.session.scalars(select(AuditEventRow).order_by(AuditEventRow.seq))]
    assert actions == ["budgets::create", "budgets::update", "budgets::delete"]


def test_only_managers_set_budgets_and_everybody_sees_those_that_bind_them(site: Site) -> None:
    organisation = site.budget(rpm=100)
    own = site.budget("key", "key_1", rpm=10)
    others = site.budget("key", "key_2", rpm=10)
    with site.database.writing(OURS) as work:
        assert [b.id for b in site.budgets.list_budgets(work, CLERK)] == [organisation.id, own.id]
        assert [b.id for b in site.budgets.list_budgets(work, MANAGER)] == [organisation.id, own.id, others.id]
        with pytest.raises(NotFound):
            site.budgets.get(work, CLERK, others.id)
        with pytest.raises(Forbidden):
            site.budgets.create(work, CLERK, BudgetAsk(scope="person", scope_id=CLERK.person_id, rpm=1))
        with pytest.raises(Forbidden):
            site.budgets.update(work, CLERK, own.id, BudgetChange(rpm=1000))
        with pytest.raises(Forbidden):
            site.budgets.delete(work, CLERK, own.id)


def test_a_budget_of_another_organisation_does_not_exist(site: Site) -> None:
    made = site.budget(rpm=1)
    stranger = MANAGER.model_copy(update={"org_id": OTHERS})
    with site.database.reading(OTHERS) as work:
        assert site.budgets.list_budgets(work, stranger) == []
        with pytest.raises(NotFound):
            site.budgets.get(work, stranger, made.id)


def test_nobody_has_two_budgets_and_nobody_unknown_has_one(site: Site) -> None:
    site.budget(rpm=1)
    with pytest.raises(Conflict, match="has a budget already"):
        site.budget(monthly_micro=1)
    with pytest.raises(NotFound):
        site.budget("person", "prs_nobody", rpm=1)


@pytest.mark.parametrize(
    "ask",
    [
        {"scope": "organisation"},
        {"scope": "organisation", "warn_share": 0.5},
        {"scope": "organisation", "scope_id": "org_x", "rpm": 1},
        {"scope": "person", "rpm": 1},
        {"scope": "organisation", "monthly_micro": -1},
        {"scope": "organisation", "rpm": 1, "warn_share": 1.5},
        {"scope": "team", "scope_id": "x", "rpm": 1},
    ],
)
def test_what_limits_nothing_or_nobody_is_no_budget(ask: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        BudgetAsk.model_validate(ask)


def test_a_budget_keeps_a_limit(site: Site) -> None:
    made = site.budget(rpm=1)
    with pytest.raises(Invalid, match="delete the budget"):
        change(site, made.id, rpm=None)
    assert site.seen(made.id).rpm == 1


def test_what_was_used_before_counts_from_the_first_moment(site: Site) -> None:
    held, settled = site.open(), site.open()
    cost = site.settle(settled.attempt_id)
    made = site.budget(monthly_micro=2 * CALL, rpm=3, tpm=10_000)
    assert (made.month.spent.micro, made.month.held.micro) == (cost, CALL)
    assert (made.minute.requests, made.minute.tokens) == (2, 1000 + USED.tokens)
    with pytest.raises(BudgetExceeded):
        site.open()
    with site.database.writing(OURS) as work:
        site.attempts.void(work, held.attempt_id, "refused")
    assert site.seen(made.id).month.held.micro == 0
    assert site.wrong() == 0


def test_a_limit_that_is_set_later_knows_this_minute(site: Site) -> None:
    made = site.budget(monthly_micro=100 * CALL)
    site.open()
    change(site, made.id, rpm=5)
    assert site.seen(made.id).minute.requests == 1
    assert site.wrong() == 0


def test_counters_that_are_wrong_are_found_and_set_by_the_ledger(site: Site) -> None:
    made = site.budget(monthly_micro=100 * CALL, rpm=10)
    other = site.budget("key", "key_1", tpm=10_000)
    site.settle(site.open().attempt_id)
    site.open()
    with site.database.writing(OURS) as work:
        work.session.get_one(BudgetMonthRow, (made.id, "2026-03")).spent_micro = 0
        work.session.get_one(BudgetMinuteRow, other.id).tokens = 7
    assert site.wrong() == 2
    with site.database.writing(None) as work:
        assert site.budgets.repair(work) == 2
    assert site.wrong() == 0
    assert site.counted(made.id) == site.sums()
    assert site.seen(other.id).minute.tokens == 1000 + USED.tokens


def test_a_new_month_starts_with_nothing_spent(site: Site) -> None:
    made = site.budget(monthly_micro=CALL)
    site.open()
    with pytest.raises(BudgetExceeded) as refused:
        site.open()
    assert refused.value.state.reset_at.isoformat() == "2026-04-01T00:00:00+00:00"
    site.clock.move(timedelta(days=30))
    site.open()
    seen = site.seen(made.id)
    assert (seen.month.month, seen.month.held.micro) == ("2026-04", CALL)
    assert site.wrong() == 0


def test_what_a_call_of_last_month_used_is_paid_by_last_month(site: Site) -> None:
    made = site.budget(monthly_micro=CALL)
    attempt = site.open()
    site.clock.move(timedelta(days=30))
    site.settle(attempt.attempt_id)
    assert site.seen(made.id).month.spent.micro == 0
    assert site.counted(made.id) == site.sums() == (250, 0)


def test_a_call_without_a_key_or_an_assistant_is_bound_by_what_it_has(site: Site) -> None:
    site.budget("key", "key_1", rpm=1)
    site.budget("assistant", "after-sales", rpm=1)
    site.open(call(key_id=""))
    site.open(call(key_id=""))
    assert site.open(call(assistant="after-sales")).limits[0].remaining == 0
