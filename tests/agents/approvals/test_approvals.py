"""An approval is for exactly one call, decided once, by somebody else, in time, and only while it is still true."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from jindou.agents.approvals import ApprovalDecided, Verdict
from jindou.agents.approvals.tables import ApprovalRow
from jindou.agents.assistants.types import ApprovalLevel
from jindou.agents.runs.tables import StepRow
from jindou.errors import Conflict, Forbidden, Invalid, NotFound
from support.desk import ORDER, Desk
from support.scripted import call

LARGE = call("refund_order", order_id=ORDER, amount=120, reason="broken lamp")
SMALL = call("refund_order", order_id=ORDER, amount=20, reason="broken lamp")
MOVE = call("change_address", order_id="SO-10962", address="上海市徐汇区衡山路12号")
ASK = f"Refund 120 on {ORDER}, broken lamp"
VOID = ["jindou.approval-void", "ecommerce.clerk-refund-limit"]


@pytest.fixture
def run_id(desk: Desk) -> str:
    return desk.ask(ASK).id


def approval_id(desk: Desk) -> str:
    return desk.inbox()[0].id


def not_done(desk: Desk) -> bool:
    return 120_000_000 not in desk.refunds()


def test_nobody_decides_about_a_request_of_their_own(desk: Desk, run_id: str) -> None:
    with pytest.raises(Forbidden, match="no-self-approval"):
        desk.approve(approval_id(desk), desk.clerk)
    desk.give_roles(desk.clerk, "clerk", "manager")
    promoted = desk.clerk.model_copy(update={"roles": ("clerk", "manager")})
    with pytest.raises(Forbidden, match="no-self-approval"):
        desk.approve(approval_id(desk), promoted)
    assert desk.get(run_id).status == "waiting"


def test_a_request_is_shown_to_who_asked_and_who_may_decide_and_to_nobody_else(desk: Desk, run_id: str) -> None:
    shown = {who.handle: [a.can_decide for a in desk.inbox(who)] for who in (desk.clerk, desk.manager, desk.warehouse)}
    assert shown == {"clerk": [False], "manager": [True], "warehouse": []}
    with desk.platform.database.reading(desk.manager.org_id) as work:
        approvals = desk.platform.approvals
        assert approvals.count_waiting(work, desk.manager) == 1
        assert approvals.count_waiting(work, desk.clerk) == 0
        assert approvals.get(work, desk.clerk, approval_id(desk)).run_id == run_id
        for who, wanted in ((desk.warehouse, approval_id(desk)), (desk.manager, "apr_none")):
            with pytest.raises(NotFound):
                approvals.get(work, who, wanted)
    with pytest.raises(NotFound):
        desk.approve(approval_id(desk), desk.warehouse)


@pytest.mark.usefixtures("run_id")
def test_what_is_decided_is_decided(desk: Desk) -> None:
    decided = desk.approve(approval_id(desk))
    assert (decided.status, decided.decided_by_name) == ("approved", "Marta Lindqvist")
    with pytest.raises(ApprovalDecided, match="approved"):
        desk.deny(approval_id(desk), "I changed my mind.")
    assert desk.inbox(status="waiting") == []
    assert [approval.status for approval in desk.inbox(status="approved")] == ["approved"]


def test_a_denial_needs_a_reason(desk: Desk, run_id: str) -> None:
    for reason in ("", "  \n ", "\u200b\u202e"):
        with pytest.raises(Invalid) as refused:
            desk.deny(approval_id(desk), reason)
        assert refused.value.field == "reason"
    assert desk.deny(approval_id(desk), "  Not this time. ").reason == "Not this time."
    assert desk.move_on(run_id).journal[1].status == "denied"
    assert not_done(desk)


def test_it_is_too_late_by_the_clock_even_before_the_queue_notices(desk: Desk, run_id: str) -> None:
    desk.clock.move(timedelta(hours=desk.platform.settings.approval_hours))
    with pytest.raises(ApprovalDecided, match="expired"):
        desk.approve(approval_id(desk))
    assert [approval.can_decide for approval in desk.inbox()] == [False]
    assert desk.get(run_id).status == "waiting"


@pytest.mark.usefixtures("run_id")
def test_the_trail_says_who_decided_and_that_time_ran_out(desk: Desk) -> None:
    desk.let_expire()
    assert ("approvals::expire", "deny", ["ecommerce.clerk-refund-limit"]) in desk.audited()
    desk.let_say(LARGE)
    second = desk.ask(ASK)
    desk.approve(desk.inbox(status="waiting")[0].id)
    assert desk.audited()[-1][:2] == ("approvals::decide", "allow")
    assert second.status == "waiting"


def test_an_approval_does_not_carry_over_to_other_arguments(desk: Desk, run_id: str) -> None:
    desk.approve(approval_id(desk))
    with desk.platform.database.writing(None) as work:
        step = work.session.scalars(select(StepRow).where(StepRow.run_id == run_id, StepRow.kind == "model")).one()
        calls = [{**step.response["calls"][0], "arguments": {"order_id": ORDER, "amount": 150, "reason": "x"}}]
        step.response = {**step.response, "calls": calls}
    done = desk.move_on(run_id)
    assert (done.status, [rule.id for rule in done.rules]) == ("refused", VOID)
    assert not {120_000_000, 150_000_000} & set(desk.refunds())


def test_an_approval_does_not_outlive_the_facts_it_was_given_on(desk: Desk, run_id: str) -> None:
    desk.approve(approval_id(desk))
    desk.refund_behind_our_back(1_000_000)
    done = desk.move_on(run_id)
    assert (done.status, [rule.id for rule in done.rules]) == ("refused", VOID)
    assert "not as it was when it was shown" in done.rules[0].reason["en"]
    with desk.platform.database.reading(desk.clerk.org_id) as work:
        assert desk.platform.runs.explain(work, desk.clerk, run_id).code == "void"
    assert not_done(desk)


def test_an_approval_counts_only_while_who_gave_it_has_the_right(desk: Desk, run_id: str) -> None:
    desk.approve(approval_id(desk))
    desk.give_roles(desk.manager)
    done = desk.move_on(run_id)
    assert done.status == "refused"
    assert not_done(desk)


def test_an_approval_that_nobody_gave_through_the_door_does_not_count(desk: Desk, run_id: str) -> None:
    with desk.platform.database.writing(None) as work:
        work.session.scalars(select(ApprovalRow)).one().status = "approved"
        desk.platform.queue.enqueue(work, "run", run_id, desk.clerk.org_id)
    assert desk.move_on(run_id).status == "refused"
    assert not_done(desk)


def test_of_two_who_decide_at_once_exactly_one_does(desk: Desk, run_id: str) -> None:
    wanted, both = approval_id(desk), threading.Barrier(2)
    outcomes: list[str] = []

    def decide(verdict: Verdict) -> None:
        both.wait(60)
        try:
            with desk.platform.database.writing(desk.manager.org_id) as work:
                outcomes.append(desk.platform.approvals.decide(work, desk.manager, wanted, verdict).status)
        except Conflict as error:
            outcomes.append(error.code)

    verdicts = (Verdict(decision="approve"), Verdict(decision="deny", reason="no"))
    threads = [threading.Thread(target=decide, args=(verdict,)) for verdict in verdicts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 2
    assert outcomes.count("approval_decided") == 1
    decided = next(outcome for outcome in outcomes if outcome != "approval_decided")
    assert desk.inbox()[0].status == decided
    desk.move_on(run_id)
    assert not_done(desk) == (decided == "denied")


@pytest.mark.parametrize(
    ("level", "text", "rule"),
    [
        ("always", SMALL, "jindou.assistant-asks-always"),
        ("always", MOVE, "jindou.assistant-asks-always"),
        ("risky", SMALL, "jindou.assistant-asks-when-risky"),
        ("risky", MOVE, None),
        ("rules", SMALL, None),
        ("always", call("get_order", order_id=ORDER), None),
    ],
)
def test_an_assistant_asks_as_its_folder_says_and_never_before_it_reads(
    desk: Desk, level: ApprovalLevel, text: str, rule: str | None
) -> None:
    desk.let_ask(level)
    desk.let_say(text, "That is that.")
    run = desk.ask(f"Refund 20 on {ORDER}, broken lamp, and SO-10962 goes to 上海市徐汇区衡山路12号")
    asked = [rule.id for approval in desk.inbox() for rule in approval.rules]
    assert asked == ([rule] if rule else [])
    assert run.status == ("waiting" if rule else "done")


def test_nobody_is_asked_about_a_call_that_can_not_be_done(desk: Desk) -> None:
    desk.let_ask("always")
    desk.let_say(call("draft_reply", order_id="SO-99998", text="We are sorry."), "There is no such order.")
    run = desk.ask("Write to the customer of SO-99998")
    assert (run.status, desk.inbox()) == ("failed", [])
    assert "There is no order SO-99998" in str(run.error)


def test_it_is_told_where_each_argument_comes_from_and_what_the_rest_costs_at_most(desk: Desk) -> None:
    desk.let_say(call("get_order", order_id=ORDER), call("refund_order", order_id=ORDER, amount=56, reason="kindness"))
    desk.let_change(2)
    desk.ask(f"Refund what {ORDER} has left")
    desk.let_say(LARGE)
    desk.ask(ASK)
    (approval,) = desk.inbox()
    assert {name: origin.source for name, origin in approval.origins.items()} == dict.fromkeys(
        ("order_id", "amount", "reason"), "person"
    )
    assert approval.estimate.micro > approval.cost.micro > 0
    assert approval.estimate.currency == approval.cost.currency
    with desk.platform.database.reading(desk.manager.org_id) as work:
        seen = desk.platform.approvals.get(work, desk.manager, approval.id)
    assert seen.deciders == ["Marta Lindqvist", "周敏"]


def test_like_calls_wait_together(desk: Desk) -> None:
    for amount in (120, 130, 140):
        desk.let_say(call("refund_order", order_id=ORDER, amount=amount, reason="broken lamp"))
        desk.ask(f"Refund {amount} on {ORDER}, broken lamp")
    desk.let_ask("always")
    desk.let_say(MOVE)
    desk.ask("SO-10962 goes to 上海市徐汇区衡山路12号")
    newest, *others = desk.inbox()
    assert len({approval.alike for approval in others}) == 1
    assert newest.alike != others[0].alike
    with desk.platform.database.reading(desk.manager.org_id) as work:
        alike = desk.platform.approvals.list_alike(work, desk.manager, others[0].id)
    assert [approval.id for approval in alike] == [approval.id for approval in others]
