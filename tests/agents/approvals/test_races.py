"""Whoever decides at once, on either database: one decision, one effect, one undo."""

from collections.abc import Callable, Generator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from jindou.agents.approvals.tables import ApprovalRow
from jindou.errors import Conflict, NotFound
from jindou.identity.principals import Principal
from support.at_once import at_once
from support.desk import ORDER, Desk, open_desk
from support.scripted import call
from support.servers import Server

LARGE = call("refund_order", order_id=ORDER, amount=120, reason="broken lamp")
HUGE = call("refund_order", order_id="SO-10120", amount=5500, reason="wrong lamps")
MOVE = call("change_address", order_id="SO-10962", address="上海市徐汇区衡山路12号")


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, home: Path) -> Generator[Desk]:
    url = None
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("server")
        url = server.create()
    with open_desk(home, LARGE, "That is that.", database_url=url) as desk:
        yield desk


def test_of_four_who_decide_at_once_exactly_one_does(desk: Desk) -> None:
    run = desk.ask(f"Refund 120 on {ORDER}, broken lamp")
    wanted = desk.inbox()[0].id
    outcomes = at_once(
        lambda: desk.approve(wanted).status,
        lambda: desk.approve(wanted, desk.finance).status,
        lambda: desk.deny(wanted, "No.").status,
        lambda: desk.approve_with(wanted, {"order_id": ORDER, "amount": 80, "reason": "broken lamp"}).status,
    )
    assert outcomes.count("approval_decided") == 3
    desk.move_on(run.id)
    assert len([amount for amount in desk.refunds() if amount in {80_000_000, 120_000_000}]) <= 1
    decisions = [decision for action, decision, _ in desk.audited() if action == "approvals::decide"]
    assert len(decisions) == 1


def test_an_expiry_and_a_decision_at_once_are_one_of_the_two(desk: Desk) -> None:
    run = desk.ask(f"Refund 120 on {ORDER}, broken lamp")
    wanted = desk.inbox()[0].id
    desk.approve(wanted)
    desk.let_expire()
    assert desk.inbox()[0].status == "approved"
    assert desk.move_on(run.id).status == "done"


def test_of_two_people_who_approve_at_once_both_count(desk: Desk) -> None:
    desk.let_say(HUGE, "That is that.")
    run = desk.ask("Refund 5500 on SO-10120, wrong lamps")
    wanted = desk.inbox()[0].id

    def approve(who: Principal) -> Callable[[], str]:
        return lambda: desk.approve(wanted, who).status

    outcomes = at_once(approve(desk.manager), approve(desk.finance), approve(desk.manager))
    assert outcomes == ["approval_decided", "approved", "waiting"]
    assert desk.move_on(run.id).status == "done"
    assert desk.refunds("SO-10120") == [5_500_000_000]


def test_of_two_who_undo_at_once_there_is_one_undo(desk: Desk) -> None:
    desk.let_say(MOVE, "Changed.")
    before = desk.address("SO-10962")
    run = desk.ask("SO-10962 goes to 上海市徐汇区衡山路12号")

    def undo() -> str:
        with desk.platform.database.writing(desk.clerk.org_id) as work:
            return desk.platform.runs.undo(work, desk.clerk, run.id).id

    first, second = at_once(undo, undo)
    assert first == second
    assert desk.move_on(first).status == "done"
    assert desk.address("SO-10962") == before


def test_nobody_decides_after_its_time_whether_the_queue_has_noticed_or_not(desk: Desk) -> None:
    run = desk.ask(f"Refund 120 on {ORDER}, broken lamp")
    wanted = desk.inbox()[0].id
    desk.clock.move(timedelta(hours=desk.platform.settings.approval_hours))
    with pytest.raises(Conflict, match="expired"):
        desk.approve(wanted)
    desk.let_expire()
    with pytest.raises(Conflict, match="expired"):
        desk.approve(wanted)
    desk.move_on(run.id)
    assert 120_000_000 not in desk.refunds()


def test_who_loses_the_right_before_or_after_deciding_has_decided_nothing(desk: Desk) -> None:
    run = desk.ask(f"Refund 120 on {ORDER}, broken lamp")
    wanted = desk.inbox()[0].id
    desk.give_roles(desk.finance, "warehouse")
    with desk.platform.database.reading(None) as work:
        finance = desk.platform.principals.principal(work, desk.finance.org_id, desk.finance.person_id)
    with pytest.raises(NotFound):
        desk.approve(wanted, finance)
    desk.approve(wanted)
    desk.give_roles(desk.manager, "warehouse")
    done = desk.move_on(run.id)
    assert [step.status for step in done.journal if step.kind == "tool"] == ["refused"]
    assert 120_000_000 not in desk.refunds()


def test_a_decision_about_arguments_that_have_changed_since_is_none(desk: Desk) -> None:
    desk.ask(f"Refund 120 on {ORDER}, broken lamp")
    seen = desk.inbox()[0]
    with desk.platform.database.writing(desk.clerk.org_id) as work:
        row = work.session.scalars(select(ApprovalRow).where(ApprovalRow.id == seen.id)).one()
        row.arguments_hash = "0" * 64
    with pytest.raises(Conflict) as refused:
        desk.decide(seen.id, arguments_hash=seen.arguments_hash)
    assert refused.value.code == "approval_changed"
    assert desk.inbox()[0].status == "waiting"
