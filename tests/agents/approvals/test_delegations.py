"""A right to decide can be handed to somebody else for a time; it is looked at when they decide and when it is done."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from jindou.agents.approvals import Delegation, NewDelegation
from jindou.errors import Forbidden, Invalid, NotFound
from support.desk import ORDER, Desk

ASK = f"Refund 120 on {ORDER}, broken lamp"


@pytest.fixture
def run_id(desk: Desk) -> str:
    return desk.ask(ASK).id


def revoke(desk: Desk, delegation: Delegation) -> Delegation:
    with desk.platform.database.writing(desk.manager.org_id) as work:
        return desk.platform.approvals.delegations.revoke(work, desk.manager, delegation.id)


def test_who_was_handed_the_right_decides_and_the_trail_says_whose_it_was(desk: Desk, run_id: str) -> None:
    handed = desk.hand_on("warehouse")
    assert handed.is_active
    (seen,) = desk.inbox(desk.warehouse)
    assert seen.can_decide
    approved = desk.approve(seen.id, desk.warehouse)
    assert [(vote.person_name, vote.right_of_name) for vote in approved.votes] == [("赵强", "Marta Lindqvist")]
    assert desk.move_on(run_id).status == "done"
    with desk.platform.database.reading(desk.manager.org_id) as work:
        trail = {event.action: event for event in desk.platform.audit.search(work, desk.manager)}
    assert trail["approvals::delegate"].detail["to"] == desk.warehouse.person_id
    assert trail["approvals::decide"].detail["right_of"] == desk.manager.person_id


@pytest.mark.parametrize("decision", ["approve", "deny"])
def test_it_is_told_for_whom_somebody_decided(desk: Desk, run_id: str, decision: str) -> None:
    desk.hand_on("warehouse")
    decided = desk.decide(desk.inbox()[0].id, desk.warehouse, decision=decision, reason="As she would.")
    assert (decided.decided_by_name, decided.decided_for_name) == ("赵强", "Marta Lindqvist")
    desk.move_on(run_id)
    (event,) = [event for event in desk.events(run_id) if event.type == "approval.decided"]
    assert event.data["decided_for_name"] == "Marta Lindqvist"
    with desk.platform.database.reading(desk.clerk.org_id) as work:
        told = desk.platform.runs.explain(work, desk.clerk, run_id)
    assert "by 赵强 for Marta Lindqvist" in told.why["en"]
    assert "赵强（代 Marta Lindqvist）" in told.why["zh"]
    if decision == "deny":
        assert "赵强 for Marta Lindqvist denied this" in str(desk.get(run_id).journal[1].error)


def test_nobody_is_named_for_whom_somebody_decided_with_their_own_right(desk: Desk, run_id: str) -> None:
    assert desk.deny(desk.inbox()[0].id, "No.").decided_for_name is None
    desk.move_on(run_id)
    with desk.platform.database.reading(desk.clerk.org_id) as work:
        assert "was denied by Marta Lindqvist: “No.”" in desk.platform.runs.explain(work, desk.clerk, run_id).why["en"]


@pytest.mark.usefixtures("run_id")
def test_nobody_decides_about_their_own_call_with_a_right_handed_to_them(desk: Desk) -> None:
    desk.hand_on("clerk")
    with pytest.raises(Forbidden, match="no-self-approval"):
        desk.approve(desk.inbox()[0].id, desk.clerk)


def test_nobody_decides_with_the_right_of_the_person_who_asked(desk: Desk) -> None:
    desk.give_roles(desk.manager, "clerk", "manager")
    desk.ask(ASK, desk.manager.model_copy(update={"roles": ("clerk", "manager")}))
    desk.hand_on("warehouse")
    assert desk.inbox(desk.warehouse) == []


@pytest.mark.usefixtures("run_id")
def test_a_right_that_was_handed_on_is_not_handed_on_again(desk: Desk) -> None:
    desk.hand_on("clerk")
    with pytest.raises(Forbidden, match="default-deny"):
        desk.hand_on("warehouse", desk.clerk)
    assert desk.inbox(desk.warehouse) == []


@pytest.mark.usefixtures("run_id")
def test_a_right_is_handed_on_for_one_tool_and_one_assistant_and_a_time(desk: Desk) -> None:
    desk.hand_on("warehouse", tool="change_address")
    assert desk.inbox(desk.warehouse) == []
    desk.hand_on("warehouse", tool="refund_order", assistant="after-sales")
    assert len(desk.inbox(desk.warehouse)) == 1
    desk.clock.move(timedelta(days=1))
    assert desk.inbox(desk.warehouse) == []


def test_what_was_approved_with_a_right_that_is_taken_back_is_not_done(desk: Desk, run_id: str) -> None:
    handed = desk.hand_on("warehouse")
    desk.approve(desk.inbox()[0].id, desk.warehouse)
    assert not revoke(desk, handed).is_active
    assert desk.move_on(run_id).status == "refused"
    assert 120_000_000 not in desk.refunds()


@pytest.mark.usefixtures("run_id")
def test_the_right_goes_when_its_owner_loses_it(desk: Desk) -> None:
    desk.hand_on("warehouse")
    wanted = desk.inbox()[0].id
    desk.give_roles(desk.manager)
    with pytest.raises(NotFound):
        desk.approve(wanted, desk.warehouse)


def test_only_who_may_decide_hands_that_on_and_only_to_somebody_else_and_for_a_time(desk: Desk) -> None:
    with pytest.raises(Forbidden):
        desk.hand_on("manager", desk.clerk)
    with pytest.raises(Forbidden):
        desk.hand_on("clerk", desk.finance, tool="change_address")
    assert desk.hand_on("clerk", desk.finance, tool="refund_order").tool == "refund_order"
    with pytest.raises(Invalid) as refused:
        desk.hand_on("clerk", tool="fly")
    assert refused.value.field == "tool"
    with pytest.raises(Invalid) as refused:
        desk.hand_on("manager")
    assert refused.value.field == "to"
    with pytest.raises(NotFound):
        desk.hand_on("ceo")
    with pytest.raises(NotFound):
        desk.hand_on("clerk", assistant="none")


def test_a_right_is_handed_on_for_ninety_days_at_most(desk: Desk) -> None:
    with desk.platform.database.writing(desk.manager.org_id) as work:
        for days, is_fine in ((90, True), (91, False), (3650, False)):
            new = NewDelegation(to="warehouse", ends_at=work.now() + timedelta(days=days))
            if is_fine:
                assert desk.platform.approvals.delegations.create(work, desk.manager, new).is_active
                continue
            with pytest.raises(Invalid) as refused:
                desk.platform.approvals.delegations.create(work, desk.manager, new)
            assert (refused.value.field, refused.value.rule) == ("ends_at", "at most 90 days after it begins")


def test_a_right_is_handed_on_up_to_the_end_of_the_calendar_and_not_beyond(desk: Desk) -> None:
    last = datetime(9999, 12, 31, 12, tzinfo=timezone(-timedelta(hours=14)))
    for starts_at in (last, last - timedelta(days=2)):
        new = NewDelegation(to="finance", starts_at=starts_at, ends_at=last + timedelta(hours=1))
        with desk.platform.database.writing(desk.manager.org_id) as work:
            desk.platform.approvals.delegations.create(work, desk.manager, new)
    with desk.platform.database.reading(desk.manager.org_id) as work:
        ends = {one.ends_at for one in desk.platform.approvals.delegations.list_delegations(work, desk.manager)}
    assert ends == {datetime(9999, 12, 31, 13, tzinfo=UTC)}


def test_one_sees_and_takes_back_ones_own_alone(desk: Desk) -> None:
    handed = desk.hand_on("warehouse")
    delegations = desk.platform.approvals.delegations
    with desk.platform.database.reading(desk.manager.org_id) as work:
        seen = {
            who.handle: len(delegations.list_delegations(work, who))
            for who in (desk.manager, desk.warehouse, desk.clerk)
        }
    assert seen == {"manager": 1, "warehouse": 1, "clerk": 0}
    with desk.platform.database.writing(desk.clerk.org_id) as work, pytest.raises(NotFound):
        delegations.revoke(work, desk.warehouse, handed.id)
