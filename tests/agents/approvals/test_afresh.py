"""What a call that waits would change is looked at again whenever it is shown, and before it is approved."""

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from jindou.agents.approvals import Approval
from jindou.agents.approvals.afresh import Afresh, ApprovalVoid
from jindou.agents.tools import Doorway, Facts
from jindou.errors import Invalid
from support.desk import ORDER, Desk
from support.scripted import call

ASK = f"Refund 120 on {ORDER}, broken lamp"
MOVED, THERE = "SO-10962", "上海市徐汇区衡山路12号"


@pytest.fixture
def run_id(desk: Desk) -> str:
    return desk.ask(ASK).id


def looked_at(desk: Desk, afresh: Afresh | None = None) -> Approval:
    afresh = afresh or desk.platform.approvals.afresh
    (approval,) = afresh.look(desk.platform.database, desk.manager.org_id, desk.inbox(status="waiting"))
    return approval


def asking(desk: Desk, facts: Callable[..., Facts], seconds: float = 30.0) -> Afresh:
    """Return what looks again at refunds whose facts are these."""
    platform = desk.platform
    tools = platform.doorway.tools_of(platform.assistants.get("after-sales"))
    others = [replace(tool, facts=facts) if tool.name == "refund_order" else tool for tool in tools]
    doorway = Doorway(platform.policy, {"ecommerce": others}, platform.secrets)
    return Afresh(doorway, platform.assistants, platform.principals, seconds)


def approve_as_seen(desk: Desk, approval: Approval, facts_hash: str | None = None) -> Approval:
    return desk.decide(approval.id, facts_hash=facts_hash)


@pytest.mark.usefixtures("run_id")
def test_what_is_as_it_was_asked_is_told_as_such(desk: Desk) -> None:
    approval = looked_at(desk)
    assert approval.now is not None
    assert (approval.now.state, approval.now.changes, approval.holds) == ("same", [], True)
    assert approve_as_seen(desk, approval).status == "approved"


def test_what_has_changed_is_shown_as_it_would_be_now_and_not_approved_in_vain(desk: Desk, run_id: str) -> None:
    desk.refund_behind_our_back(1_000_000)
    approval = looked_at(desk)
    assert approval.now is not None
    assert (approval.now.state, approval.holds, approval.can_decide) == ("moved", False, True)
    assert approval.changes[0].after == "120.00 CNY"
    assert approval.now.changes[0].after == "121.00 CNY"
    with pytest.raises(ApprovalVoid):
        approve_as_seen(desk, approval)
    assert desk.get(run_id).status == "waiting"
    with pytest.raises(ApprovalVoid):
        desk.approve_with(approval.id, approval.arguments)
    desk.approve_with(approval.id, {**approval.arguments, "amount": 119})
    assert desk.move_on(run_id).journal[1].status == "done"
    assert 119_000_000 in desk.refunds()


def test_what_has_changed_is_approved_as_it_is_now_and_only_as_it_was_seen(desk: Desk, run_id: str) -> None:
    desk.refund_behind_our_back(1_000_000)
    seen = looked_at(desk)
    assert seen.now is not None
    desk.refund_behind_our_back(2_000_000)
    with pytest.raises(ApprovalVoid):
        approve_as_seen(desk, seen, seen.now.facts_hash)
    seen = looked_at(desk)
    assert seen.now is not None
    approved = approve_as_seen(desk, seen, seen.now.facts_hash)
    assert approved.status == "approved"
    assert approved.changes == seen.now.changes
    assert desk.move_on(run_id).journal[1].status == "done"
    assert 120_000_000 in desk.refunds()


def test_what_can_not_be_done_any_more_says_why_and_can_be_denied(desk: Desk, run_id: str) -> None:
    desk.refund_behind_our_back(400_000_000)
    approval = looked_at(desk)
    assert approval.now is not None
    assert approval.now.state == "void"
    assert "is too much" in approval.now.problem
    with pytest.raises(Invalid, match="too much"):
        desk.approve_with(approval.id, approval.arguments)
    desk.deny(approval.id, "It has been refunded by phone.")
    assert desk.move_on(run_id).journal[1].status == "denied"


def test_another_diff_that_no_rule_looks_at_is_shown_and_can_be_approved(desk: Desk) -> None:
    desk.let_ask("always")
    desk.let_say(call("change_address", order_id=MOVED, address=THERE), "That is that.")
    run = desk.ask(f"{MOVED} goes to {THERE}")
    desk.readdress_behind_our_back(MOVED, "Somewhere else")
    approval = looked_at(desk)
    assert approval.now is not None
    assert (approval.now.state, approval.holds) == ("changed", True)
    assert [change.before for change in approval.now.changes] == ["Somewhere else"]
    assert approve_as_seen(desk, approval).status == "approved"
    assert desk.move_on(run.id).journal[1].status == "done"
    assert desk.address(MOVED) == THERE


@pytest.mark.usefixtures("run_id")
def test_what_its_asker_may_not_do_any_more_names_the_rule_and_nothing_of_the_call(desk: Desk) -> None:
    desk.give_roles(desk.clerk)
    desk.refund_behind_our_back(400_000_000)
    approval = looked_at(desk)
    assert approval.now is not None
    assert (approval.now.state, approval.now.changes, approval.now.problem) == ("void", [], "")
    assert approval.now.rules


def test_an_effect_that_is_put_back_is_looked_at_as_such(desk: Desk) -> None:
    desk.let_say(call("change_address", order_id=MOVED, address=THERE), "That is that.")
    run = desk.ask(f"{MOVED} goes to {THERE}")
    desk.let_ask("always")
    assert desk.undo(run.id).status == "waiting"
    approval = looked_at(desk)
    assert approval.now is not None
    assert approval.now.state == "same"


@pytest.mark.usefixtures("run_id")
def test_a_tool_that_hangs_keeps_nobody_waiting_and_takes_few_threads(desk: Desk) -> None:
    goes_on, asked = threading.Event(), threading.Semaphore(0)

    def hang(*_: object, **__: object) -> Facts:
        asked.release()
        goes_on.wait(60)
        return {}

    afresh = asking(desk, hang, seconds=0.2)
    try:
        states = [approval.now.state for _ in range(6) if (approval := looked_at(desk, afresh)).now is not None]
        assert states == ["unknown"] * 6
        assert looked_at(desk, afresh).holds
        assert [asked.acquire(blocking=False) for _ in range(5)] == [True] * 4 + [False]
    finally:
        goes_on.set()


@pytest.mark.usefixtures("run_id")
@pytest.mark.parametrize("error", [RuntimeError("broken"), SystemExit(3)])
def test_a_tool_that_breaks_leaves_it_unknown(desk: Desk, error: BaseException) -> None:
    def break_(*_: object, **__: object) -> Facts:
        raise error

    for _ in range(6):
        approval = looked_at(desk, asking(desk, break_))
        assert approval.now is not None
        assert (approval.now.state, approval.holds) == ("unknown", True)


@pytest.mark.usefixtures("run_id")
def test_one_call_that_breaks_its_tool_hides_nothing_of_the_others(desk: Desk) -> None:
    desk.let_say(call("refund_order", order_id="SO-10012", amount=120, reason="broken lamp"), "That is that.")
    desk.ask("Refund 120 on SO-10012, broken lamp")

    def break_at_one(*_: object, order_id: str, **__: object) -> Facts:
        if order_id == broken:
            raise RuntimeError
        return {}

    waiting = desk.inbox(status="waiting")
    for broken in (ORDER, "SO-10012"):
        seen = asking(desk, break_at_one).look(desk.platform.database, desk.manager.org_id, waiting)
        stands = {one.arguments["order_id"]: one.now.state for one in seen if one.now is not None}
        assert stands == {ORDER: "void", "SO-10012": "void"} | {broken: "unknown"}


@pytest.mark.usefixtures("run_id")
def test_nothing_is_looked_at_of_what_is_decided_or_too_late(desk: Desk) -> None:
    desk.let_expire()
    look = desk.platform.approvals.afresh.look
    assert [one.now for one in look(desk.platform.database, desk.manager.org_id, desk.inbox())] == [None]
