"""A retry does what did not come to its end, follows what was decided, and asks before it risks an effect."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from jindou.agents.runs import RunDetail
from jindou.errors import Conflict
from support.desk import ORDER, Desk, open_desk
from support.held import HeldTools, at_work, settled
from support.scripted import call

SMALL = call("refund_order", order_id=ORDER, amount=25.5, reason="broken lamp")
LARGE = call("refund_order", order_id=ORDER, amount=120, reason="broken lamp")
LARGER = call("refund_order", order_id=ORDER, amount=110, reason="broken lamp")
ADDRESS = "12 Hengshan Road, Shanghai"
MOVE = call("change_address", order_id="SO-10962", address=ADDRESS)


def steps(run: RunDetail) -> list[tuple[str, str, int]]:
    return [(step.kind, step.status, step.attempt) for step in run.journal]


def retry(desk: Desk, run_id: str, *, confirm: bool = False) -> None:
    with desk.platform.database.writing(desk.clerk.org_id) as work:
        desk.platform.runs.control.retry(work, desk.clerk, run_id, confirm=confirm)


def lose(desk: Desk) -> None:
    """Have the next run fail before it does anything: it was tried too often."""
    desk.platform.runner.run(replace(desk.claim(), attempts=13))


def test_a_call_that_waited_when_the_run_failed_is_asked_for_anew_by_a_retry(home: Path) -> None:
    with open_desk(home, f"{LARGE}\n{SMALL}", "Refunded.") as desk:
        desk.let_change(2)
        with pytest.MonkeyPatch.context() as patch:
            tools = HeldTools(patch)
            run = desk.start(f"Refund 25.50 and then 120 on {ORDER}, broken lamp")
            with at_work(desk):
                assert tools.begun.acquire(timeout=60)
                desk.clock.move(timedelta(seconds=desk.platform.settings.tool_max_seconds))
            tools.go.set()
            failed = settled(desk, run.id)
        assert steps(failed)[1:] == [("tool", "cancelled", 1), ("tool", "failed", 1)]
        assert desk.inbox(status="waiting") == []
        retry(desk, run.id)
        waits = desk.move_on(run.id)
        assert (waits.status, steps(waits)[1:3]) == ("waiting", [("tool", "superseded", 1), ("tool", "done", 1)])
        (approval,) = desk.inbox(status="waiting")
        desk.approve(approval.id)
        done = desk.move_on(run.id)
        assert (done.status, done.answer, steps(done)[3]) == ("done", "Refunded.", ("tool", "done", 1))
        assert (desk.refunds().count(25_500_000), desk.refunds().count(120_000_000)) == (1, 1)


def test_a_decision_that_the_run_did_not_come_to_is_followed_by_a_retry(home: Path) -> None:
    with open_desk(home, LARGE, "Refunded.") as desk:
        run = desk.ask(f"Refund 120 on {ORDER}, broken lamp")
        desk.approve(desk.inbox(status="waiting")[0].id)
        lose(desk)
        assert steps(desk.get(run.id))[1] == ("tool", "cancelled", 1)
        retry(desk, run.id)
        done = desk.move_on(run.id)
        assert (done.status, steps(done)[1]) == ("done", ("tool", "done", 2))
        assert (desk.inbox(status="waiting"), desk.refunds().count(120_000_000)) == ([], 1)


def test_what_was_denied_is_not_asked_for_again_by_a_retry(home: Path) -> None:
    with open_desk(home, LARGE, "It was denied.") as desk:
        run = desk.ask(f"Refund 120 on {ORDER}, broken lamp")
        desk.deny(desk.inbox(status="waiting")[0].id, "The lamp was not broken.")
        lose(desk)
        retry(desk, run.id)
        done = desk.move_on(run.id)
        assert (done.status, done.answer, steps(done)[1]) == ("done", "It was denied.", ("tool", "denied", 2))
        assert (desk.inbox(status="waiting"), desk.refunds()) == ([], [])


def test_a_call_of_unknown_outcome_needs_a_look_even_if_another_one_waited_behind_it(home: Path) -> None:
    with open_desk(home, f"{LARGE}\n{LARGER}", "Refunded.") as desk:
        desk.let_change(3)
        run = desk.ask(f"Refund 120 and then 110 on {ORDER}, broken lamp")
        first = next(one for one in desk.inbox(status="waiting") if one.arguments["amount"] == 120)
        with pytest.MonkeyPatch.context() as patch:
            tools = HeldTools(patch)
            desk.approve(first.id)
            with at_work(desk):
                assert tools.begun.acquire(timeout=60)
                desk.clock.move(timedelta(seconds=desk.platform.settings.tool_max_seconds))
            assert steps(desk.get(run.id))[1:] == [("tool", "failed", 1), ("tool", "cancelled", 1)]
            with pytest.raises(Conflict, match="step 2"):
                retry(desk, run.id)
            tools.go.set()
        settled(desk, run.id)
        retry(desk, run.id)
        waits = desk.move_on(run.id)
        assert steps(waits)[1:3] == [("tool", "done", 1), ("tool", "superseded", 1)]
        desk.approve(desk.inbox(status="waiting")[0].id)
        assert desk.move_on(run.id).status == "done"
        assert sorted(desk.refunds()) == [110_000_000, 120_000_000]


@pytest.mark.parametrize("is_decided", [True, False])
def test_an_undo_whose_call_waited_is_made_by_a_retry(home: Path, *, is_decided: bool) -> None:
    with open_desk(home, MOVE, "Changed.") as desk:
        was = desk.address("SO-10962")
        run = desk.ask(f"Change the address of SO-10962 to {ADDRESS}")
        assert desk.address("SO-10962") == ADDRESS
        desk.let_ask("always")
        undo = desk.undo(run.id)
        if is_decided:
            desk.approve(desk.inbox(status="waiting")[0].id)
        else:
            with desk.platform.database.writing(desk.clerk.org_id) as work:
                desk.platform.queue.enqueue(work, "run", undo.id, desk.clerk.org_id, person_id=desk.clerk.person_id)
        lose(desk)
        assert desk.get(undo.id).status == "failed"
        retry(desk, undo.id)
        again = desk.move_on(undo.id)
        if not is_decided:
            assert again.status == "waiting"
            desk.approve(desk.inbox(status="waiting")[0].id)
            again = desk.move_on(undo.id)
        assert (again.status, desk.address("SO-10962")) == ("done", was)
