"""A person pauses, steers, stops, retries and branches a run; each is a fact of its journal."""

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from jindou.agents.runs import Explanation, RunDetail
from jindou.agents.tools import ToolError
from jindou.errors import Conflict, Invalid, NotFound
from support.desk import ORDER, Desk, open_desk, saying
from support.held import HeldTools, at_work, settled
from support.paced import PacedEngine
from support.scripted import call
from support.waiting import wait_for

SMALL = call("refund_order", order_id=ORDER, amount=25.5, reason="broken lamp")
LARGE = call("refund_order", order_id=ORDER, amount=120, reason="broken lamp")
LOOK = call("get_order", order_id=ORDER)
ASK = f"Refund 25.50 on {ORDER}, broken lamp"
ASK_LARGE = f"Refund 120 on {ORDER}, broken lamp"


def steps(run: RunDetail) -> list[tuple[str, str, int]]:
    return [(step.kind, step.status, step.attempt) for step in run.journal]


def control(desk: Desk, verb: str, run_id: str, *args: object, **named: object) -> Any:
    with desk.platform.database.writing(desk.clerk.org_id) as work:
        return getattr(desk.platform.runs.control, verb)(work, desk.clerk, run_id, *args, **named)


def branch(desk: Desk, run_id: str, step: int, message: str | None = None) -> str:
    with desk.platform.database.writing(desk.clerk.org_id) as work:
        return desk.platform.runs.branch(work, desk.clerk, run_id, step, message).id


def explanation(desk: Desk, run_id: str) -> Explanation:
    with desk.platform.database.reading(desk.clerk.org_id) as work:
        told = desk.platform.runs.explain(work, desk.clerk, run_id)
    assert all(text.keys() == {"en", "zh"} and all(text.values()) for text in (told.why, told.next))
    return told


def explained(desk: Desk, run_id: str) -> str:
    return explanation(desk, run_id).code


def test_a_run_stops_in_the_middle_of_a_tool_and_later_says_whether_it_took_effect(home: Path) -> None:
    with open_desk(home, SMALL, "never said") as desk, pytest.MonkeyPatch.context() as patch:
        tools = HeldTools(patch)
        run = desk.start(ASK)
        with at_work(desk):
            assert tools.begun.acquire(timeout=60)
            desk.cancel(run.id)
        stopped = desk.get(run.id)
        assert (stopped.status, steps(stopped)[-1]) == ("cancelled", ("tool", "cancelled", 1))
        assert stopped.journal[-1].took_effect == "unknown"
        assert "Nobody knows" in desk.plan_undo(run.id).items[0].reason["en"]
        assert "Whether step 2 (Refund) took effect is not known yet" in explanation(desk, run.id).why["en"]
        tools.go.set()
        known = settled(desk, run.id)
        assert "Step 2 (Refund) was not waited for, and took effect." in explanation(desk, run.id).why["en"]
        (effect,) = desk.plan_undo(run.id).items
        assert (effect.tool, effect.outcome) == ("refund_order", "cannot")
        assert "can't be called back" in effect.reason["en"], "It is an effect like any other now."
        assert (known.journal[-1].status, known.journal[-1].took_effect) == ("cancelled", "yes")
        assert known.journal[-1].result is not None
        assert desk.refunds().count(25_500_000) == 1
        assert desk.events(run.id)[-1].type == "step.late"
        assert desk.audited()[-1][:2] == ("ecommerce::refund_order", "allow")
        assert known.cost.micro == sum(step.cost.micro for step in known.journal)


def test_a_run_stops_in_the_middle_of_a_read_which_changed_nothing(home: Path) -> None:
    with open_desk(home, LOOK, "never said") as desk, pytest.MonkeyPatch.context() as patch:
        tools = HeldTools(patch)
        run = desk.start(f"Show me {ORDER}")
        with at_work(desk):
            assert tools.begun.acquire(timeout=60)
            desk.cancel(run.id)
        tools.go.set()
        stopped = settled(desk, run.id)
        assert (stopped.status, stopped.journal[-1].took_effect) == ("cancelled", "no")


def test_a_tool_that_takes_too_long_ends_the_run_with_the_rule_and_is_retried_once_somebody_has_looked(
    home: Path,
) -> None:
    with open_desk(home, SMALL, "Refunded.") as desk, pytest.MonkeyPatch.context() as patch:
        tools = HeldTools(patch)
        run = desk.start(ASK)
        with at_work(desk):
            assert tools.begun.acquire(timeout=60)
            desk.clock.move(timedelta(seconds=desk.platform.settings.tool_max_seconds))
        failed = desk.get(run.id)
        assert (failed.status, failed.error) == ("failed", "tool_seconds_exhausted")
        assert [rule.id for rule in failed.rules] == ["jindou.run-tool-seconds"]
        assert "120" in failed.rules[0].reason["en"]
        assert "120" in failed.rules[0].reason["zh"]
        assert explained(desk, run.id) == "outcome_unknown"
        with pytest.raises(Conflict, match="Look first") as refused:
            control(desk, "retry", run.id)
        assert refused.value.code == "outcome_unknown"
        control(desk, "retry", run.id, confirm=True)
        tools.go.set()
        settled(desk, run.id)
        done = desk.move_on(run.id)
        assert (done.status, done.answer, steps(done)[1]) == ("done", "Refunded.", ("tool", "done", 2))
        assert desk.refunds().count(25_500_000) == 1, "The key keeps the effect single."


def test_a_model_call_that_takes_too_long_ends_the_run_and_can_be_retried(home: Path) -> None:
    begun = threading.Event()

    def script(_messages: object) -> str:
        begun.set()
        return "All is well."

    engine = PacedEngine(script, hold_at=0)
    with open_desk(home, engine=engine) as desk:
        run = desk.start("Hi")
        with at_work(desk):
            assert begun.wait(60)
            desk.clock.move(timedelta(seconds=desk.platform.settings.model_max_seconds))
        failed = desk.get(run.id)
        assert [rule.id for rule in failed.rules] == ["jindou.run-model-seconds"]
        assert steps(failed) == [("model", "failed", 1)]
        engine.go.set()
        control(desk, "retry", run.id)
        done = desk.move_on(run.id)
        assert (done.status, steps(done)) == ("done", [("model", "done", 2)])


def test_the_money_and_the_time_of_a_run_are_limited_and_seen(home: Path) -> None:
    (home / "jindou.toml").write_text("run_max_cost_micro = 1\nrun_max_seconds = 60\n", encoding="utf-8")
    with open_desk(home, LOOK, "never said") as desk:
        run = desk.ask(f"Show me {ORDER}")
        assert (run.status, run.error, steps(run)) == ("failed", "cost_exhausted", [("model", "done", 1)])
        assert "at most" in run.rules[0].reason["en"]
        used = {use.kind: (use.used, use.most) for use in run.limits}
        assert used == {"steps": (1, 8), "tokens": (run.tokens, None), "cost": (run.cost.micro, 1), "seconds": (0, 60)}
        assert explained(desk, run.id) == "limit"


def test_a_run_that_has_reached_a_limit_goes_on_from_there_once_the_limit_is_raised(home: Path) -> None:
    (home / "jindou.toml").write_text("run_max_cost_micro = 1\n", encoding="utf-8")
    with open_desk(home, LOOK) as desk:
        run = desk.ask(f"Show me {ORDER}")
        assert (run.error, steps(run)) == ("cost_exhausted", [("model", "done", 1)])
        control(desk, "retry", run.id)
        assert desk.move_on(run.id).error == "cost_exhausted", "The limit is where it was."
    (home / "jindou.toml").unlink()
    with open_desk(home, "It is on its way.") as desk:
        control(desk, "retry", run.id)
        done = desk.move_on(run.id)
        assert (done.status, done.answer, done.error) == ("done", "It is on its way.", None)
        assert steps(done) == [("model", "done", 1), ("tool", "done", 1), ("model", "done", 1)]


def test_a_call_that_took_effect_after_all_is_not_made_again_by_a_retry(home: Path) -> None:
    with open_desk(home, SMALL, "Refunded.") as desk:
        with pytest.MonkeyPatch.context() as patch:
            tools = HeldTools(patch)
            run = desk.start(ASK)
            with at_work(desk):
                assert tools.begun.acquire(timeout=60)
                desk.clock.move(timedelta(seconds=desk.platform.settings.tool_max_seconds))
            tools.go.set()
            failed = settled(desk, run.id)
        assert (failed.status, failed.journal[-1].status, failed.journal[-1].took_effect) == ("failed", "failed", "yes")
        control(desk, "retry", run.id)
        done = desk.move_on(run.id)
        assert (done.answer, steps(done)[1]) == ("Refunded.", ("tool", "done", 1))
        assert desk.refunds().count(25_500_000) == 1


def test_a_paused_run_breaks_off_its_model_call_rests_and_goes_on(home: Path) -> None:
    engine = PacedEngine(saying("All is well."), hold_at=0)
    with open_desk(home, engine=engine) as desk:
        run = desk.start("Hi")
        with at_work(desk):
            wait_for(lambda: engine.requests)
            control(desk, "pause", run.id)
        paused = desk.get(run.id)
        assert (paused.status, steps(paused)) == ("paused", [("model", "interrupted", 1)])
        assert explained(desk, run.id) == "paused"
        with desk.platform.database.reading(None) as work:
            assert desk.platform.queue.standing(work, "run", run.id) is None, "It holds nothing."
        engine.go.set()
        control(desk, "resume", run.id)
        done = desk.move_on(run.id)
        assert (done.status, steps(done)) == ("done", [("model", "done", 2)])
        verbs = [(event.data["verb"], event.data["by"]) for event in desk.events(run.id) if event.type == "run.control"]
        assert verbs == [("pause", desk.clerk.name), ("resume", desk.clerk.name)]
        with pytest.raises(Conflict, match="not paused"):
            control(desk, "resume", run.id)


def test_a_run_that_waits_can_be_paused_and_waits_again_after(home: Path) -> None:
    with open_desk(home, LARGE, "Refunded.") as desk:
        run = desk.ask(ASK_LARGE)
        assert explained(desk, run.id) == "waiting"
        assert control(desk, "pause", run.id).status == "paused"
        desk.approve(desk.inbox()[0].id)
        with desk.platform.database.writing(None) as work:
            lease = desk.platform.queue.claim(work, ("run",))
        assert lease is not None
        desk.platform.runner.run(lease)
        assert desk.get(run.id).status == "paused"
        control(desk, "resume", run.id)
        assert desk.move_on(run.id).status == "done"
        assert desk.refunds().count(120_000_000) == 1


def test_a_paused_run_can_be_stopped(home: Path) -> None:
    with open_desk(home, "never said") as desk:
        run = desk.start("Hi")
        control(desk, "pause", run.id)
        desk.cancel(run.id)
        assert desk.move_on(run.id).status == "cancelled"


def test_what_a_run_is_told_is_read_before_its_next_step_in_order(home: Path) -> None:
    with open_desk(home, LOOK, "It is blue.") as desk, pytest.MonkeyPatch.context() as patch:
        tools = HeldTools(patch)
        run = desk.start(f"Show me {ORDER}")
        with at_work(desk):
            assert tools.begun.acquire(timeout=60)
            control(desk, "steer", run.id, "Only its colour.")
            control(desk, "steer", run.id, "In one word.")
            tools.go.set()
        done = desk.get(run.id)
        assert [step.kind for step in done.journal] == ["model", "tool", "message", "message", "model"]
        assert [(step.text, step.by) for step in done.journal if step.kind == "message"] == [
            ("Only its colour.", desk.clerk.name),
            ("In one word.", desk.clerk.name),
        ]
        assert desk.engine is not None
        last = desk.engine.requests[-1].messages
        assert [message["role"] for message in last[-3:]] == ["tool", "user", "user"]
        assert "Only its colour." in str(last[-2]["content"])
        with pytest.raises(Conflict, match="is over"):
            control(desk, "steer", run.id, "And its price?")
        with pytest.raises(Invalid, match="empty"):
            control(desk, "steer", run.id, "  ")


def test_a_failed_call_is_retried_and_what_came_after_counts_no_more(home: Path) -> None:
    with open_desk(home, SMALL, "I could not.", "Refunded.") as desk, pytest.MonkeyPatch.context() as patch:
        patch.setattr("jindou.agents.tools.Doorway.execute", _busy)
        run = desk.ask(ASK)
        assert (run.status, run.error) == ("failed", "The shop is closed.")
        assert explained(desk, run.id) == "tool_failed"
        patch.undo()
        control(desk, "retry", run.id)
        done = desk.move_on(run.id)
        assert steps(done) == [
            ("model", "done", 1),
            ("tool", "done", 2),
            ("model", "superseded", 1),
            ("model", "done", 1),
        ]
        assert (done.status, done.answer) == ("done", "Refunded.")
        assert desk.refunds().count(25_500_000) == 1
        with pytest.raises(Conflict, match="not failed"):
            control(desk, "retry", run.id)


def _busy(*_: object) -> None:
    raise ToolError("The shop is closed.")


def test_a_branch_takes_the_facts_over_and_goes_another_way_without_doing_them_again(home: Path) -> None:
    with open_desk(home, "Hello.", SMALL, "Refunded.", "Tell the customer.") as desk:
        first = desk.ask("Hi")
        run = desk.ask(ASK, conversation_id=first.conversation_id)
        other = desk.move_on(branch(desk, run.id, 2, "Now draft a reply."))
        assert (other.branched_from, other.branched_step, other.status) == (run.id, 2, "done")
        assert [step.kind for step in other.journal] == ["model", "tool", "message", "model"]
        assert [step.copied_from for step in other.journal] == [*(s.id for s in run.journal[:2]), None, None]
        assert desk.refunds().count(25_500_000) == 1
        assert other.cost.micro == other.journal[-1].cost.micro, "What was copied is paid where it was done."
        assert other.conversation_id != run.conversation_id
        assert desk.engine is not None
        seen = [str(message["content"]) for message in desk.engine.requests[-1].messages]
        assert any("Hello." in content for content in seen), "It shares the past of the conversation."
        assert any("Now draft a reply." in content for content in seen)
        with pytest.raises(Invalid, match="has 3 steps"):
            branch(desk, run.id, 4)


def test_a_branch_from_the_start_asks_something_else(home: Path) -> None:
    with open_desk(home, "First.", "Second.") as desk:
        run = desk.ask("One?")
        other = desk.move_on(branch(desk, run.id, 0, "Two?"))
        assert (other.message, other.answer, other.steps) == ("Two?", "Second.", 1)


def test_nobody_controls_a_run_of_somebody_else(home: Path) -> None:
    with open_desk(home, LARGE) as desk:
        run = desk.ask(ASK_LARGE)
        desk.clerk = desk.manager
        for verb, args in (("pause", ()), ("resume", ()), ("steer", ("Hi",)), ("retry", ())):
            with pytest.raises(NotFound):
                control(desk, verb, run.id, *args)
        with pytest.raises(NotFound):
            branch(desk, run.id, 1)


def test_reads_of_one_answer_go_on_at_the_same_time(home: Path) -> None:
    both = f"{call('get_order', order_id='SO-10234')}\n{LOOK}"
    with open_desk(home, both, "Both are there.") as desk, pytest.MonkeyPatch.context() as patch:
        tools = HeldTools(patch)
        run = desk.start(f"Show me {ORDER} and SO-10234")
        with at_work(desk):
            for _ in range(2):
                assert tools.begun.acquire(timeout=60), "Both have begun before either has ended."
            tools.go.set()
        done = desk.get(run.id)
        assert steps(done) == [("model", "done", 1), ("tool", "done", 1), ("tool", "done", 1), ("model", "done", 1)]


def test_an_approval_waits_while_the_other_calls_of_the_answer_are_made(home: Path) -> None:
    with open_desk(home, f"{LARGE}\n{LOOK}", "Refunded.") as desk:
        run = desk.ask(f"Refund 120 on {ORDER}, broken lamp, and show me {ORDER}")
        assert (run.status, [step.status for step in run.journal]) == ("waiting", ["done", "waiting", "done"])
        desk.approve(desk.inbox()[0].id)
        done = desk.move_on(run.id)
        assert (done.status, [step.status for step in done.journal]) == ("done", ["done", "done", "done", "done"])
        assert desk.refunds().count(120_000_000) == 1
