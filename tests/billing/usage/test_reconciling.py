"""What nobody knows is settled by a manager, once, by figures with a reason; and never by itself, or at nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from jindou.assembly import Platform
from jindou.billing.usage import AttemptClosed, Opening, Quantities, Reconciliation
from jindou.errors import Conflict, Forbidden, NotFound
from jindou.identity.audit.tables import AuditEventRow
from support.platform import MODEL, as_person, open_platform

FOUND = Reconciliation(quantities=Quantities(input_tokens=1000, output_tokens=10), reason="From the engine's log.")
COST = (1000 * 200_000 + 10 * 600_000) // 1_000_000


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    with open_platform(tmp_path, lambda _: "Hello.") as platform:
        yield platform


def opened(platform: Platform) -> str:
    who = as_person(platform, "clerk")
    worst = Quantities(input_tokens=5000, output_tokens=100)
    opening = Opening(org_id=who.org_id, person_id=who.person_id, skus=(f"model:{MODEL}",), worst=worst)
    with platform.database.writing(who.org_id) as work:
        return platform.usage.attempts.open(work, opening).attempt_id


def lost(platform: Platform) -> str:
    attempt = opened(platform)
    with platform.database.writing(None) as work:
        platform.usage.attempts.lose(work, attempt, "It died.")
    return attempt


def reconcile(platform: Platform, attempt: str, handle: str = "manager", found: Reconciliation = FOUND) -> int:
    who = as_person(platform, handle)
    with platform.database.writing(who.org_id) as work:
        return platform.usage.reconcile(work, who, attempt, found).micro


def test_a_manager_says_what_an_unknown_call_used_and_the_trail_has_it(platform: Platform) -> None:
    attempt = lost(platform)
    assert reconcile(platform, attempt) == COST
    manager = as_person(platform, "manager")
    with platform.database.reading(manager.org_id) as work:
        bill = platform.usage.statement(work, manager)
        events = work.session.scalars(select(AuditEventRow).where(AuditEventRow.action == "usage::reconcile"))
        (told,) = events.all()
    assert (bill.total.micro, bill.held.micro, bill.unsettled) == (COST, 0, [])
    assert told.resource == attempt
    assert told.detail["reason"] == "From the engine's log."
    assert told.detail["cost_micro"] == COST
    with pytest.raises(AttemptClosed):
        reconcile(platform, attempt)


def test_nobody_else_does_and_nothing_else_is_settled_so(platform: Platform) -> None:
    unknown, under_way = lost(platform), opened(platform)
    with pytest.raises(Forbidden):
        reconcile(platform, unknown, "clerk")
    with pytest.raises(Conflict, match="under way"):
        reconcile(platform, under_way)
    with pytest.raises(NotFound):
        reconcile(platform, "att_none")


def test_figures_without_a_reason_or_below_nothing_are_none() -> None:
    with pytest.raises(ValueError, match="reason"):
        Reconciliation(quantities=Quantities(), reason="")
    with pytest.raises(ValueError, match="input_tokens"):
        Reconciliation.model_validate({"quantities": {"input_tokens": -1}, "reason": "The provider's bill"})


def test_an_engine_that_says_what_can_not_be_is_counted_at_the_dearer_unit() -> None:
    assert Quantities.told(10, 30, 5, 9) == Quantities(cached_tokens=10, reasoning_tokens=5)
    assert Quantities.told(10, -3, 5) == Quantities(input_tokens=10, output_tokens=5)
