"""A run from the question to its end: what it does, what it refuses, and how it stops."""

from pathlib import Path

import pytest

from jindou.agents.runs import RunEvent, RunSearch
from jindou.errors import Conflict, Invalid, NotFound
from support.desk import ORDER, open_desk
from support.scripted import call

SMALL = call("refund_order", order_id=ORDER, amount=25.5, reason="broken lamp")
LARGE = call("refund_order", order_id=ORDER, amount=120, reason="broken lamp")
LOOK = call("get_order", order_id=ORDER)
ASK_SMALL = f"Refund 25.50 on {ORDER}, broken lamp"
ASK_LARGE = f"Refund 120 on {ORDER}, broken lamp"


def test_a_small_refund_goes_through_and_every_trace_of_it_agrees(home: Path) -> None:
    with open_desk(home, SMALL, "Refunded.") as desk:
        run = desk.ask(ASK_SMALL)
        assert (run.status, run.answer, run.error, run.steps) == ("done", "Refunded.", None, 3)
        assert [(step.kind, step.name, step.status) for step in run.journal] == [
            ("model", "qwen2.5-coder-0.5b", "done"),
            ("tool", "refund_order", "done"),
            ("model", "qwen2.5-coder-0.5b", "done"),
        ]
        assert desk.refunds()[-1] == 25_500_000
        assert run.cost.micro == sum(step.cost.micro for step in run.journal) > 0
        with desk.platform.database.reading(desk.clerk.org_id) as work:
            bill = desk.platform.usage.statement(work, desk.clerk)
        assert (bill.total.micro, bill.events) == (run.cost.micro, 3)
        assert desk.audited() == [
            ("runs::start", "allow", ["jindou.start-runs"]),
            ("ecommerce::refund_order", "allow", ["ecommerce.clerk-may"]),
            ("runs::finish", "allow", []),
        ]


def test_events_are_numbered_without_a_gap_and_end_with_the_end(home: Path) -> None:
    with open_desk(home, SMALL, "Refunded.") as desk:
        run = desk.ask(ASK_SMALL)
        events = desk.events(run.id)
        assert [event.seq for event in events] == list(range(1, run.last_event + 1))
        assert [event.type for event in events] == [
            "run.started",
            *["step.started", "step.finished"] * 3,
            "run.finished",
        ]


def test_text_is_told_as_it_comes_with_its_step_and_attempt(home: Path) -> None:
    with open_desk(home, "The parcel is on its way to Berlin.") as desk:
        run = desk.start("Where is it?")
        told: list[dict[str, object]] = []

        def listen(event: RunEvent | str | None) -> None:
            if isinstance(event, RunEvent) and event.type == "text.delta":
                told.append(event.data)

        desk.platform.runs.stream.subscribe(run.id, listen)
        done = desk.move_on(run.id)
        assert "".join(str(data["text"]) for data in told) == "The parcel is on its way to Berlin."
        assert {(data["step_id"], data["attempt"]) for data in told} == {(done.journal[0].id, 1)}


def test_a_refusal_ends_the_run_and_names_its_rule(home: Path) -> None:
    with open_desk(home, SMALL, "never said") as desk:
        run = desk.ask(ASK_SMALL, desk.warehouse)
        assert (run.status, run.answer) == ("refused", None)
        assert [rule.id for rule in run.rules] == ["ecommerce.warehouse-no-money"]
        assert run.journal[-1].status == "refused"
        assert "[ecommerce.warehouse-no-money]" in str(run.journal[-1].error)
        assert ("ecommerce::refund_order", "deny", ["ecommerce.warehouse-no-money"]) in desk.audited()
        assert 25_500_000 not in desk.refunds()


def test_a_large_refund_waits_is_approved_and_then_happens_once(home: Path) -> None:
    with open_desk(home, LARGE, "Refunded.") as desk:
        run = desk.ask(ASK_LARGE)
        assert run.status == "waiting"
        assert 120_000_000 not in desk.refunds()
        (approval,) = desk.inbox(status="waiting")
        assert approval.cost == run.cost
        assert [rule.id for rule in approval.rules] == ["ecommerce.clerk-refund-limit"]
        assert {change.label["en"] for change in approval.changes} >= {f"Refunded on {ORDER}"}
        desk.approve(approval.id)
        done = desk.move_on(run.id)
        assert (done.status, done.answer) == ("done", "Refunded.")
        assert desk.refunds().count(120_000_000) == 1
        types = [event.type for event in desk.events(run.id)]
        for one in ("approval.requested", "run.waiting", "approval.decided", "run.resumed"):
            assert types.count(one) == 1
        assert types.index("run.waiting") < types.index("approval.decided") < types.index("run.resumed")


def test_the_reason_of_a_denial_reaches_the_model(home: Path) -> None:
    with open_desk(home, LARGE, "Marta said no.") as desk:
        run = desk.ask(ASK_LARGE)
        desk.deny(desk.inbox()[0].id, "The customer has had two refunds.")
        done = desk.move_on(run.id)
        assert (done.status, done.answer) == ("done", "Marta said no.")
        assert [step.status for step in done.journal] == ["done", "denied", "done"]
        assert desk.engine is not None
        told = str(desk.engine.requests[-1].messages[-1]["content"])
        assert "Marta Lindqvist denied this: “The customer has had two refunds.” Nothing was changed." in told
        assert 120_000_000 not in desk.refunds()
        with desk.platform.database.reading(desk.clerk.org_id) as work:
            told = desk.platform.runs.explain(work, desk.clerk, run.id)
        assert "Step 2 (Refund) was denied by Marta Lindqvist: “The customer has had two refunds.”" in told.why["en"]


def test_an_approval_nobody_gives_expires_and_the_model_hears_of_it(home: Path) -> None:
    with open_desk(home, LARGE, "Nobody answered.") as desk:
        run = desk.ask(ASK_LARGE)
        desk.let_expire()
        done = desk.move_on(run.id)
        assert (done.status, [step.status for step in done.journal]) == ("done", ["done", "expired", "done"])
        assert 120_000_000 not in desk.refunds()
        assert desk.engine is not None
        assert "Nobody approved this in time" in str(desk.engine.requests[-1].messages[-1]["content"])


def test_a_run_cancelled_in_the_queue_never_asks_the_model(home: Path) -> None:
    with open_desk(home, SMALL) as desk:
        run = desk.start(ASK_SMALL)
        desk.cancel(run.id)
        assert desk.move_on(run.id).status == "cancelled"
        assert desk.engine is not None
        assert desk.engine.requests == []
        assert desk.cancel(run.id).status == "cancelled", "Cancelling what is over is no error."


def test_a_run_cancelled_while_it_waits_withdraws_its_request(home: Path) -> None:
    with open_desk(home, LARGE, "Refunded.") as desk:
        run = desk.ask(ASK_LARGE)
        desk.cancel(run.id)
        done = desk.move_on(run.id)
        assert (done.status, done.journal[-1].status) == ("cancelled", "cancelled")
        (approval,) = desk.inbox()
        assert (approval.status, approval.can_decide) == ("withdrawn", False)
        with pytest.raises(Conflict, match="withdrawn"):
            desk.approve(approval.id)
        assert 120_000_000 not in desk.refunds()


def test_an_approved_call_that_has_begun_is_finished_even_when_the_run_is_cancelled(home: Path) -> None:
    with open_desk(home, LARGE, "Refunded.") as desk:
        run = desk.ask(ASK_LARGE)
        desk.approve(desk.inbox()[0].id)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("jindou.agents.runs.tool_step._ToolStep.keep", _killed)
            with pytest.raises(SystemExit):
                desk.platform.runner.run(desk.claim())
        assert desk.refunds().count(120_000_000) == 1
        desk.cancel(run.id)
        with desk.platform.database.writing(None) as work:
            desk.platform.queue.recover(work)
        done = desk.move_on(run.id)
        assert done.status == "cancelled"
        assert [step.status for step in done.journal] == ["done", "done"], "What happened is in the journal."
        assert desk.refunds().count(120_000_000) == 1


def _killed(*_: object, **__: object) -> None:
    raise SystemExit


def test_only_the_person_it_works_for_stops_a_run(home: Path) -> None:
    with open_desk(home, LARGE) as desk:
        run = desk.ask(ASK_LARGE)
        for who in (desk.manager, desk.warehouse):
            with pytest.raises(NotFound):
                desk.cancel(run.id, who)


def test_a_run_of_somebody_else_is_not_there_even_for_who_decides_something_in_it(home: Path) -> None:
    with open_desk(home, "Hello.", LARGE) as desk:
        plain = desk.ask("Hi")
        asking = desk.ask(ASK_LARGE)
        for who, run_id in ((desk.manager, plain.id), (desk.warehouse, plain.id), (desk.manager, asking.id)):
            with pytest.raises(NotFound):
                desk.get(run_id, who)
        with pytest.raises(NotFound):
            desk.get("run_none")
        assert desk.inbox(status="waiting")[0].run_id == asking.id, "What is to be decided is there, whole."
        with desk.platform.database.reading(desk.manager.org_id) as work:
            assert desk.platform.runs.search(work, desk.manager, RunSearch()) == []


@pytest.mark.parametrize("message", ["", "   \n\t ", "\u3000"])
def test_an_empty_message_is_refused(home: Path, message: str) -> None:
    with open_desk(home) as desk, pytest.raises((Invalid, ValueError)):
        desk.start(message)


def test_a_message_that_is_too_long_is_refused_with_the_limit(home: Path) -> None:
    with open_desk(home) as desk:
        with pytest.raises(Invalid, match="16001 characters; at most 16000") as refused:
            desk.start("灯" * 16_001)
        assert refused.value.field == "message"
        assert desk.start("灯" * 16_000).status == "queued"


def test_an_unknown_assistant_or_conversation_is_not_found(home: Path) -> None:
    with open_desk(home) as desk:
        with pytest.raises(NotFound):
            desk.start("Hi", conversation_id="cnv_none")
        mine = desk.ask("Hi")
        with pytest.raises(NotFound):
            desk.start("Hi", desk.manager, mine.conversation_id)


def test_a_conversation_stays_with_its_assistant(home: Path) -> None:
    with open_desk(home) as desk:
        with desk.platform.database.writing(desk.clerk.org_id) as work:
            other = desk.platform.conversations.create(work, desk.clerk, "another", "Hi")
        with pytest.raises(Invalid, match="with another") as refused:
            desk.start("Hi", conversation_id=other.id)
        assert refused.value.field == "assistant"


def test_a_conversation_has_one_run_at_a_time(home: Path) -> None:
    with open_desk(home, LARGE) as desk:
        run = desk.ask(ASK_LARGE)
        with pytest.raises(Conflict, match=run.id):
            desk.start("And?", conversation_id=run.conversation_id)
        desk.cancel(run.id)
        desk.move_on(run.id)
        assert desk.start("And?", conversation_id=run.conversation_id).status == "queued"


def test_what_was_said_before_reaches_the_model_as_far_as_it_fits(home: Path) -> None:
    with open_desk(home, "First answer.", "Second.", "Third.", "Fourth.", "Fifth.") as desk:
        first = desk.ask("Question 1")
        for n in range(2, 6):
            desk.ask(f"Question {n}", conversation_id=first.conversation_id)
        assert desk.engine is not None
        seen = [str(message["content"]) for message in desk.engine.requests[-1].messages]
        for said in (
            "Question 1",
            "First answer.",
            "Question 2",
            "Second.",
            "Question 3",
            "Third.",
            "Question 4",
            "Fourth.",
            "Question 5",
        ):
            assert sum(said in content for content in seen) == 1, said


def test_a_refusal_is_remembered_in_the_words_of_its_rule(home: Path) -> None:
    with open_desk(home, SMALL, "I could not.") as desk:
        run = desk.ask(ASK_SMALL, desk.warehouse)
        desk.ask("Why?", desk.warehouse, run.conversation_id)
        assert desk.engine is not None
        assert any("may not move money" in str(message) for message in desk.engine.requests[-1].messages)


def test_the_effects_of_one_run_are_limited_also_when_they_are_asked_for_at_once(home: Path) -> None:
    both = f"{SMALL}\n{call('refund_order', order_id=ORDER, amount=10, reason='scratch')}"
    with open_desk(home, both, "Done.") as desk:
        run = desk.ask(f"{ASK_SMALL}, and 10 for a scratch")
        assert run.status == "done"
        statuses = [step.status for step in run.journal if step.kind == "tool"]
        assert statuses in (["done"], ["done", "failed"])
        assert 10_000_000 not in desk.refunds()
        assert desk.refunds().count(25_500_000) == 1


def test_a_run_that_goes_on_and_on_ends_at_its_limit_of_steps(home: Path) -> None:
    looks = [call("get_order", order_id=f"SO-1{n:04}") for n in range(20)]
    with open_desk(home, *looks) as desk:
        run = desk.ask(" ".join(f"SO-1{n:04}" for n in range(20)))
        assert (run.status, run.error) == ("failed", "steps_exhausted")
        assert run.steps <= 8, "The assistant's own limit."


def test_roles_taken_away_count_at_the_next_step(home: Path) -> None:
    with open_desk(home, LARGE, "Refunded.") as desk:
        run = desk.ask(ASK_LARGE)
        desk.approve(desk.inbox()[0].id)
        desk.give_roles(desk.clerk)
        done = desk.move_on(run.id)
        assert (done.status, [rule.id for rule in done.rules]) == ("refused", ["jindou.default-deny"])
        assert 120_000_000 not in desk.refunds()
