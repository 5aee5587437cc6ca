"""Who approves may change the call first: the rules look again at both people, and the journal keeps both calls."""

import threading

import pytest
from sqlalchemy import select

from jindou.agents.approvals import Approval, ApprovalDecided, Foreseen, Verdict
from jindou.agents.approvals.tables import ApprovalRow
from jindou.agents.runs.tables import StepRow
from jindou.agents.tools import Change, Checked, Doorway
from jindou.errors import Conflict, Forbidden, Invalid, Unavailable
from support.desk import ORDER, Desk

ASK = f"Refund 120 on {ORDER}, broken lamp"
EDIT = {"order_id": ORDER, "amount": 80, "reason": "broken lamp"}


@pytest.fixture
def run_id(desk: Desk) -> str:
    return desk.ask(ASK).id


def approval_id(desk: Desk) -> str:
    return desk.inbox()[0].id


def test_the_changed_call_is_made_once_and_the_other_never(desk: Desk, run_id: str) -> None:
    asked = desk.inbox()[0]
    approved = desk.approve_with(asked.id, EDIT)
    assert (approved.status, approved.edited_by_name, approved.arguments) == ("approved", "Marta Lindqvist", EDIT)
    assert approved.asked_arguments == asked.arguments
    assert approved.arguments_hash != asked.arguments_hash
    assert [change.after for change in approved.changes][:1] == ["80.00 CNY"]
    assert {name: origin.source for name, origin in approved.origins.items()} == {
        "order_id": "person",
        "amount": "approver",
        "reason": "person",
    }
    done = desk.move_on(run_id)
    assert (done.status, done.journal[1].status, done.journal[1].arguments) == ("done", "done", EDIT)
    assert 80_000_000 in desk.refunds()
    assert 120_000_000 not in desk.refunds()


def test_the_model_is_told_of_the_change_and_the_journal_keeps_both(desk: Desk, run_id: str) -> None:
    asked = desk.inbox()[0]
    desk.approve_with(asked.id, EDIT)
    desk.move_on(run_id)
    assert desk.engine is not None
    told = desk.engine.requests[-1].messages[-1]["content"]
    assert "Marta Lindqvist changed the arguments before approving" in str(told)
    with desk.platform.database.reading(None) as work:
        step = work.session.scalars(select(StepRow).where(StepRow.run_id == run_id, StepRow.kind == "tool")).one()
    assert (step.request["arguments"], step.request["asked"]) == (EDIT, asked.arguments)
    decided = next(event for event in desk.events(run_id) if event.type == "approval.decided")
    assert (decided.data["arguments"], decided.data["asked_arguments"]) == (EDIT, asked.arguments)
    with desk.platform.database.reading(desk.manager.org_id) as work:
        trail = desk.platform.audit.search(work, desk.manager)
    decision = next(event for event in trail if event.action == "approvals::decide")
    assert (decision.detail["arguments"], decision.detail["asked_arguments"]) == (EDIT, asked.arguments)


def test_arguments_that_the_tool_does_not_take_are_refused_and_nothing_is_decided(desk: Desk, run_id: str) -> None:
    wrongs: tuple[dict[str, object], ...] = (
        {"order_id": ORDER},
        {**EDIT, "amount": -1},
        {**EDIT, "to": "me"},
        {**EDIT, "amount": 999_999},
    )
    for wrong in wrongs:
        with pytest.raises(Invalid) as refused:
            desk.approve_with(approval_id(desk), wrong)
        assert refused.value.field == "arguments"
    assert desk.get(run_id).status == "waiting"
    assert desk.inbox()[0].edited_by_name is None


@pytest.mark.usefixtures("run_id")
@pytest.mark.parametrize("arguments", [EDIT | {"order_id": "\ud800"}, EDIT | {"reason": "a\0b"}, EDIT | {"\ud800": 1}])
def test_what_is_no_text_is_refused(desk: Desk, arguments: dict[str, object]) -> None:
    with pytest.raises(Invalid, match="half a surrogate pair"):
        desk.approve_with(approval_id(desk), arguments)
    assert desk.inbox()[0].status == "waiting"


@pytest.mark.usefixtures("run_id")
def test_who_asked_must_have_the_right_to_the_changed_call_too(desk: Desk) -> None:
    desk.give_roles(desk.clerk, "warehouse")
    with pytest.raises(Forbidden, match="warehouse-no-money"):
        desk.approve_with(approval_id(desk), EDIT)
    assert desk.inbox()[0].status == "waiting"


def test_a_change_back_under_the_limit_still_counts_only_while_the_approver_has_the_right(
    desk: Desk, run_id: str
) -> None:
    desk.approve_with(approval_id(desk), {**EDIT, "amount": 30})
    desk.give_roles(desk.manager)
    done = desk.move_on(run_id)
    assert (done.status, [rule.id for rule in done.rules]) == ("refused", ["jindou.approval-void"])
    assert 30_000_000 not in desk.refunds()


def test_changed_arguments_in_the_database_are_not_what_was_approved(desk: Desk, run_id: str) -> None:
    desk.approve_with(approval_id(desk), EDIT)
    with desk.platform.database.writing(None) as work:
        work.session.scalars(select(ApprovalRow)).one().arguments = {**EDIT, "amount": 110}
    assert desk.move_on(run_id).status == "refused"
    assert not {80_000_000, 110_000_000} & set(desk.refunds())


@pytest.mark.usefixtures("run_id")
def test_a_decision_is_for_the_arguments_that_were_seen(desk: Desk) -> None:
    seen = desk.inbox()[0]
    with pytest.raises(Conflict) as changed:
        desk.decide(seen.id, arguments_hash="0" * 64)
    assert changed.value.code == "approval_changed"
    assert desk.decide(seen.id, arguments_hash=seen.arguments_hash).status == "approved"
    with pytest.raises(ApprovalDecided):
        desk.approve_with(seen.id, EDIT)


CHANGED = Verdict(decision="approve", arguments={**EDIT})


def decide_as_foreseen(desk: Desk, wanted: str, verdict: Verdict, foreseen: Foreseen) -> Approval:
    with desk.platform.database.writing(desk.manager.org_id) as work:
        return desk.platform.approvals.decide(work, desk.manager, wanted, verdict, foreseen)


@pytest.mark.usefixtures("run_id")
@pytest.mark.parametrize("as_now", [False, True])
def test_others_write_while_the_tool_says_what_a_change_would_do(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, *, as_now: bool
) -> None:
    if as_now:
        desk.refund_behind_our_back(1_000_000)
    (seen,) = desk.platform.approvals.afresh.look(desk.platform.database, desk.manager.org_id, desk.inbox())
    assert seen.now is not None
    preview, written = Doorway.preview, threading.Event()

    def slow(doorway: Doorway, checked: Checked) -> list[Change]:
        with desk.platform.database.writing(None):
            written.set()
        return preview(doorway, checked)

    monkeypatch.setattr(Doorway, "preview", slow)
    decided = desk.decide(seen.id, facts_hash=seen.now.facts_hash) if as_now else desk.approve_with(seen.id, EDIT)
    assert decided.status == "approved"
    assert written.is_set()


@pytest.mark.usefixtures("run_id")
def test_a_tool_that_does_not_say_in_time_what_a_change_would_do_decides_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on = threading.Event()

    def hang(*_: object) -> list[Change]:
        goes_on.wait(60)
        return []

    monkeypatch.setattr(Doorway, "preview", hang)
    desk.platform.approvals.editing.seconds = 0.2
    try:
        with pytest.raises(Unavailable, match="refund_order did not say in time"):
            desk.approve_with(approval_id(desk), EDIT)
    finally:
        goes_on.set()
    assert (desk.inbox()[0].status, desk.inbox()[0].edited_by_name) == ("waiting", None)


@pytest.mark.usefixtures("run_id")
def test_looks_that_hang_keep_nobody_from_changing_a_call(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on = threading.Event()

    def hang(*_: object) -> list[Change]:
        goes_on.wait(60)
        return []

    afresh, waiting = desk.platform.approvals.afresh, desk.inbox(status="waiting")
    afresh.seconds = 0.05
    try:
        with monkeypatch.context() as hanging:
            hanging.setattr(Doorway, "preview", hang)
            for _ in range(5):
                (seen,) = afresh.look(desk.platform.database, desk.manager.org_id, waiting)
                assert seen.now is not None
                assert seen.now.state == "unknown"
        assert desk.approve_with(waiting[0].id, EDIT).status == "approved"
    finally:
        goes_on.set()


@pytest.mark.usefixtures("run_id")
def test_a_tool_that_breaks_at_a_change_is_told_as_broken_and_decides_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_(*_: object) -> list[Change]:
        raise ValueError("a bug")

    monkeypatch.setattr(Doorway, "preview", break_)
    with pytest.raises(Unavailable, match="refund_order broke") as broken:
        desk.approve_with(approval_id(desk), EDIT)
    assert broken.value.code == "tool_broken"
    assert (desk.inbox()[0].status, desk.inbox()[0].edited_by_name) == ("waiting", None)


@pytest.mark.usefixtures("run_id")
def test_what_the_tool_said_of_a_change_is_not_taken_for_arguments_that_are_others_by_then(desk: Desk) -> None:
    wanted = approval_id(desk)
    foreseen = desk.foresee(wanted, desk.manager, CHANGED)
    with desk.platform.database.writing(None) as work:
        work.session.scalars(select(ApprovalRow)).one().arguments_hash = "0" * 64
    with pytest.raises(Conflict) as changed:
        decide_as_foreseen(desk, wanted, CHANGED, foreseen)
    assert changed.value.code == "approval_changed"
    with pytest.raises(Conflict):
        decide_as_foreseen(desk, wanted, CHANGED, Foreseen())
    assert desk.inbox()[0].edited_by_name is None


@pytest.mark.usefixtures("run_id")
def test_who_loses_the_right_while_the_tool_is_asked_is_refused(desk: Desk) -> None:
    wanted = approval_id(desk)
    foreseen = desk.foresee(wanted, desk.manager, CHANGED)
    desk.give_roles(desk.clerk, "warehouse")
    with pytest.raises(Forbidden, match="warehouse-no-money"):
        decide_as_foreseen(desk, wanted, CHANGED, foreseen)


@pytest.mark.usefixtures("run_id")
def test_who_may_not_decide_has_no_tool_asked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(*_: object, **__: object) -> None:
        pytest.fail("a tool was asked")

    wanted = approval_id(desk)
    monkeypatch.setattr(Doorway, "check", asked)
    for verdict in (CHANGED, Verdict(decision="approve")):
        (refused,) = desk.foresee(wanted, desk.warehouse, verdict).refused.values()
        assert refused.code == "not_found"
        (refused,) = desk.foresee(wanted, desk.clerk, verdict).refused.values()
        assert refused.code == "forbidden"
