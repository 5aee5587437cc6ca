"""Where a rule says so, two different people must approve, and neither may be who asked."""

import threading
from datetime import timedelta

import pytest

from jindou.agents.approvals import ApprovalDecided
from jindou.errors import Conflict, Forbidden
from jindou.identity.audit import AuditSearch
from jindou.identity.principals import Principal
from support.desk import Desk
from support.scripted import call

ORDER = "SO-10120"
HUGE = call("refund_order", order_id=ORDER, amount=5500, reason="wrong lamps")
ASK = f"Refund 5500 on {ORDER}, wrong lamps"
EDIT = {"order_id": ORDER, "amount": 5400, "reason": "wrong lamps"}


@pytest.fixture
def run_id(desk: Desk) -> str:
    desk.let_say(HUGE, "That is that.")
    return desk.ask(ASK).id


def approval_id(desk: Desk) -> str:
    return desk.inbox()[0].id


def voided(desk: Desk) -> list[tuple[str, str, object, object]]:
    """Return whose consent the trail says became void, by whom, why, and when it had been given."""
    with desk.platform.database.reading(desk.manager.org_id) as work:
        assert desk.platform.audit.verify(work, desk.manager).ok
        found = desk.platform.audit.search(work, desk.manager, AuditSearch(action="approvals::void"))
    return [(one.resource, one.actor, one.detail["why"], one.detail["approved_at"]) for one in found]


def refunded(desk: Desk) -> bool:
    return any(amount >= 5_400_000_000 for amount in desk.refunds(ORDER))


def test_the_call_is_made_once_two_people_have_approved(desk: Desk, run_id: str) -> None:
    (waiting,) = desk.inbox()
    assert (waiting.needed, waiting.votes) == (2, [])
    first = desk.approve(waiting.id)
    assert (first.status, [vote.person_name for vote in first.votes]) == ("waiting", ["Marta Lindqvist"])
    assert desk.move_on(run_id).status == "waiting"
    assert not refunded(desk)
    second = desk.approve(waiting.id, desk.finance)
    assert (second.status, len(second.votes)) == ("approved", 2)
    assert desk.move_on(run_id).status == "done"
    assert refunded(desk)


def test_nobody_counts_twice_and_who_asked_does_not_count(desk: Desk, run_id: str) -> None:
    desk.approve(approval_id(desk))
    assert [approval.can_decide for approval in desk.inbox()] == [False]
    with pytest.raises(ApprovalDecided, match="1 of 2"):
        desk.approve(approval_id(desk))
    desk.give_roles(desk.clerk, "clerk", "manager")
    with pytest.raises(Forbidden, match="no-self-approval"):
        desk.approve(approval_id(desk), desk.clerk.model_copy(update={"roles": ("clerk", "manager")}))
    assert desk.get(run_id).status == "waiting"


@pytest.mark.usefixtures("run_id")
def test_one_right_does_not_make_two_people(desk: Desk) -> None:
    desk.hand_on("warehouse")
    assert desk.approve(approval_id(desk), desk.warehouse).status == "waiting"
    with pytest.raises(ApprovalDecided, match="1 of 2"):
        desk.approve(approval_id(desk))
    assert desk.approve(approval_id(desk), desk.finance).status == "approved"


def test_one_denial_is_enough(desk: Desk, run_id: str) -> None:
    desk.approve(approval_id(desk))
    desk.deny(approval_id(desk), "Too much.", desk.finance)
    assert desk.move_on(run_id).journal[1].status == "denied"
    assert not refunded(desk)


def test_both_must_have_their_right_when_it_is_done(desk: Desk, run_id: str) -> None:
    desk.approve(approval_id(desk))
    desk.approve(approval_id(desk), desk.finance)
    desk.give_roles(desk.finance)
    ended = desk.move_on(run_id)
    assert (ended.status, ended.rules[0].id) == ("refused", "jindou.approval-void")
    assert "may not decide" in ended.rules[0].reason["en"]
    assert not refunded(desk)


def test_who_lost_the_right_before_the_second_decides_counts_no_more(desk: Desk, run_id: str) -> None:
    desk.approve(approval_id(desk), desk.finance)
    desk.give_roles(desk.finance)
    (waiting,) = desk.inbox()
    assert (waiting.votes, waiting.can_decide) == ([], True)
    at = desk.clock.now().isoformat()
    second = desk.approve(waiting.id)
    assert (second.status, [vote.person_name for vote in second.votes]) == ("waiting", ["Marta Lindqvist"])
    assert voided(desk) == [(desk.finance.person_id, "system", "rights", at)]
    desk.give_roles(desk.finance, "finance")
    assert desk.approve(waiting.id, desk.finance).status == "approved"
    assert desk.move_on(run_id).status == "done"
    assert refunded(desk)


def test_who_has_approved_is_not_named_among_those_who_may(desk: Desk, run_id: str) -> None:
    waiting = approval_id(desk)
    desk.approve(waiting)
    with desk.platform.database.reading(desk.clerk.org_id) as work:
        seen = desk.platform.approvals.get(work, desk.clerk, waiting)
        told = desk.platform.runs.explain(work, desk.clerk, run_id)
    assert seen.deciders == ["周敏"]
    assert "1 of 2 have approved: Marta Lindqvist." in told.why["en"]
    assert "周敏" in told.next["en"]


def test_a_change_asks_everybody_anew(desk: Desk, run_id: str) -> None:
    desk.approve(approval_id(desk))
    at = desk.clock.now().isoformat()
    desk.clock.move(timedelta(minutes=1))
    changed = desk.approve_with(approval_id(desk), EDIT, desk.finance)
    assert (changed.status, [vote.person_name for vote in changed.votes]) == ("waiting", ["周敏"])
    assert voided(desk) == [(desk.manager.person_id, desk.finance.person_id, "arguments", at)]
    assert desk.approve(approval_id(desk)).status == "approved"
    assert desk.move_on(run_id).journal[1].arguments == EDIT
    assert refunded(desk)


def test_what_has_changed_meanwhile_is_approved_anew_by_both_as_it_is_now(desk: Desk, run_id: str) -> None:
    desk.approve(approval_id(desk))
    desk.refund_behind_our_back(1_000_000, ORDER)
    platform = desk.platform
    (seen,) = platform.approvals.afresh.look(platform.database, desk.manager.org_id, desk.inbox())
    assert seen.now is not None
    renewed = desk.decide(seen.id, desk.finance, facts_hash=seen.now.facts_hash)
    assert (renewed.status, [vote.person_name for vote in renewed.votes]) == ("waiting", ["周敏"])
    assert voided(desk) == [(desk.manager.person_id, desk.finance.person_id, "facts", desk.clock.now().isoformat())]
    # The other one still has the page on which it had just changed: what was approved then holds.
    assert desk.decide(seen.id, facts_hash=seen.now.facts_hash).status == "approved"
    assert len(voided(desk)) == 1
    assert desk.move_on(run_id).journal[1].status == "done"


def test_a_change_below_the_limit_needs_one_person_alone(desk: Desk, run_id: str) -> None:
    desk.approve(approval_id(desk))
    changed = desk.approve_with(approval_id(desk), {**EDIT, "amount": 100}, desk.finance)
    assert (changed.status, changed.needed) == ("approved", 1)
    assert [whose for whose, *_ in voided(desk)] == [desk.manager.person_id]
    assert desk.move_on(run_id).status == "done"
    assert 100_000_000 in desk.refunds(ORDER)


def test_two_who_approve_at_once_are_two(desk: Desk, run_id: str) -> None:
    wanted, both = approval_id(desk), threading.Barrier(2)
    outcomes: list[str] = []

    def approve(who: Principal) -> None:
        both.wait(60)
        try:
            outcomes.append(desk.approve(wanted, who).status)
        except Conflict as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=approve, args=(who,)) for who in (desk.manager, desk.finance)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["approved", "waiting"]
    assert desk.move_on(run_id).status == "done"
