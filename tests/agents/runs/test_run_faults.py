"""What a model or an engine does wrong is told, cut off or tried again; it never breaks a run half-way."""

import sys
import threading
from collections.abc import Generator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from typing_extensions import override

from jindou.agents.runs import RunDetail
from jindou.errors import TooLarge, Unavailable
from jindou.models.engines import Chunk, EngineRequest, FinalChunk, TextChunk, Usage
from jindou.models.upstreams import EngineDied, EngineUnavailable
from support.desk import ORDER, Desk, open_desk, saying
from support.scripted import ScriptedEngine, call

ASK = f"Refund 25.50 on {ORDER}, broken lamp"
SMALL = call("refund_order", order_id=ORDER, amount=25.5, reason="broken lamp")


class FaultyEngine(ScriptedEngine):
    """Meets each of `faults` after some words, one a request, and is well after that."""

    def __init__(self, *faults: Exception) -> None:
        super().__init__(saying("All is well."))
        self._faults: Iterator[Exception] = iter(faults)

    @override
    def stream(self, request: EngineRequest) -> Generator[Chunk, None, None]:
        fault = next(self._faults, None)
        if fault is not None:
            yield TextChunk("All is ")
            raise fault
        yield from super().stream(request)


class CutEngine(ScriptedEngine):
    """Never finds an end by itself: every answer is as long as it may be."""

    @override
    def stream(self, request: EngineRequest) -> Generator[Chunk, None, None]:
        self.requests.append(request)
        yield TextChunk("word " * request.max_tokens)
        yield FinalChunk("length", Usage(prompt=10, completion=request.max_tokens))


class SlowEngine(ScriptedEngine):
    """Writes a word and then gives a sign of life ten times a second, until it is closed."""

    def __init__(self) -> None:
        super().__init__(saying(""))
        self.began = threading.Event()
        self.closed = threading.Event()

    @override
    def stream(self, request: EngineRequest) -> Generator[Chunk, None, None]:
        self.requests.append(request)
        try:
            while True:
                yield TextChunk("")
                self.began.set()
                self.closed.wait(0.1)
        finally:
            self.closed.set()


def try_again(desk: Desk, run_id: str) -> RunDetail:
    """Let the wait of a task that was given back pass, and go on."""
    desk.clock.move(timedelta(minutes=2))
    return desk.move_on(run_id)


def fail_once(desk: Desk) -> None:
    lease = desk.claim()
    with pytest.raises(Unavailable):
        desk.platform.runner.run(lease)
    with desk.platform.database.writing(None) as work:
        desk.platform.queue.release(work, lease, work.now())


def test_an_engine_that_dies_mid_stream_is_asked_again_and_who_watches_is_told(home: Path) -> None:
    with open_desk(home, engine=FaultyEngine(EngineDied("It died."))) as desk:
        run = desk.start("Hi")
        fail_once(desk)
        done = try_again(desk, run.id)
        assert (done.status, done.answer) == ("done", "All is well.")
        assert [step.attempt for step in done.journal] == [2]
        assert desk.notices(run.id) == ["attempt_restarted"]


def test_an_engine_that_stays_away_ends_the_run_after_some_attempts(home: Path) -> None:
    with open_desk(home, engine=FaultyEngine(*[EngineUnavailable("Not ready.")] * 15)) as desk:
        run = desk.start("Hi")
        for _ in range(12):
            fail_once(desk)
        done = desk.move_on(run.id)
        assert (done.status, done.error) == ("failed", "attempts_exhausted")
        assert [step.status for step in done.journal] == ["failed"]
        assert [event.seq for event in desk.events(run.id)] == list(range(1, done.last_event + 1))


def test_a_conversation_that_does_not_fit_the_model_fails_with_what_to_do(home: Path) -> None:
    with open_desk(home, engine=FaultyEngine(TooLarge("It does not fit: start a new conversation."))) as desk:
        run = desk.ask("Hi")
        assert run.status == "failed"
        assert "start a new conversation" in str(run.error)


def test_output_cut_at_its_limit_is_told(home: Path) -> None:
    with open_desk(home, engine=CutEngine(saying(""))) as desk:
        run = desk.ask("Tell me everything")
        assert run.status == "done"
        assert "output_cut" in desk.notices(run.id)
        assert run.journal[0].quantities.output_tokens >= desk.platform.settings.answer_max_tokens


@pytest.mark.parametrize(
    "nonsense",
    [
        call("delete_everything", order_id=ORDER),
        '```json\n{"name": "refund_order", "arguments": {"order_id": "SO-1',
        '{"name": 5, "arguments": []}',
        '{"name": "refund_order", "arguments": {"order_id": 7, "amount": "much", "reason": null}}',
        "\x00\ufffd{{{{]]]] \u202e",
        "}" * 3000,
    ],
    ids=["unknown tool", "half JSON", "wrong shape", "wrong types", "bytes", "brackets"],
)
def test_nonsense_ends_in_words_or_a_plain_failure_and_never_in_an_effect(home: Path, nonsense: str) -> None:
    with open_desk(home, nonsense, nonsense, "I can't do that.") as desk:
        before = desk.refunds()
        run = desk.ask(ASK)
        assert run.status in {"done", "failed"}
        assert run.status == "done" or run.error == "no_answer"
        assert desk.refunds() == before


def test_a_call_that_is_put_right_goes_through_with_a_notice(home: Path) -> None:
    with open_desk(home, call("refund", order=ORDER), SMALL, "Refunded.") as desk:
        run = desk.ask(ASK)
        assert (run.status, desk.notices(run.id)) == ("done", ["repaired_call"])
        assert 25_500_000 in desk.refunds()


def test_a_model_that_says_nothing_fails_the_run_in_plain_words(home: Path) -> None:
    with open_desk(home, "") as desk:
        run = desk.ask("Hi")
        assert (run.status, run.error) == ("failed", "no_answer")


def test_a_tool_that_can_not_do_it_tells_the_model_and_the_run_has_failed(home: Path) -> None:
    with open_desk(home, call("refund_order", order_id="SO-99999", amount=25.5, reason="x"), "There is none.") as desk:
        run = desk.ask("Refund 25.50 on SO-99999")
        assert (run.status, [step.status for step in run.journal]) == ("failed", ["done", "failed", "done"])
        assert (run.answer, run.error) == (None, run.journal[1].error)
        assert "SO-99999" in str(run.error)
        assert desk.engine is not None
        assert any("SO-99999" in str(m["content"]) for m in desk.engine.requests[-1].messages if m["role"] == "tool")


def test_a_tool_that_calls_sys_exit_has_failed_and_the_run_goes_on(home: Path) -> None:
    with open_desk(home, SMALL, "It broke.") as desk, pytest.MonkeyPatch.context() as patch:
        patch.setattr("jindou.agents.tools.Doorway.execute", _leave)
        run = desk.ask(ASK)
        assert (run.journal[1].status, run.journal[1].error) == ("failed", "The tool broke: SystemExit.")


def test_a_tool_that_crashes_again_and_again_fails_the_run_and_says_that_nothing_was_changed(home: Path) -> None:
    with open_desk(home, SMALL, "never said") as desk, pytest.MonkeyPatch.context() as patch:
        patch.setattr("jindou.agents.tools.Doorway.execute", _crash)
        run = desk.start(ASK)
        for _ in range(12):
            lease = desk.claim()
            with pytest.raises(ZeroDivisionError):
                desk.platform.runner.run(lease)
            with desk.platform.database.writing(None) as work:
                desk.platform.queue.release(work, lease, work.now())
        done = desk.move_on(run.id)
        assert (done.status, done.error) == ("failed", "attempts_exhausted")
        assert (done.journal[-1].status, done.journal[-1].took_effect, done.journal[-1].error) == (
            "failed",
            "no",
            "This was begun and never ended. Nothing was changed.",
        )


def test_a_run_whose_workers_die_is_given_up_only_when_they_had_nothing_else_and_says_why(home: Path) -> None:
    with open_desk(home, SMALL, "Refunded.") as desk, pytest.MonkeyPatch.context() as patch:
        patch.setattr("jindou.agents.tools.Doorway.execute", _die)
        run = desk.start(ASK)
        for _ in range(7):
            lease = desk.claim()
            with pytest.raises(SystemError):
                desk.platform.runner.run(lease)
            desk.clock.move(timedelta(minutes=2))
        done = desk.move_on(run.id)
        assert (done.status, done.error) == ("failed", "workers_lost")
        with desk.platform.database.reading(desk.clerk.org_id) as work:
            told = desk.platform.runs.explain(work, desk.clerk, run.id)
        assert "died one after the other, at step 2" in told.why["en"]


def _die(*_: object) -> None:
    """End as a worker does that is killed: nothing is written any more, and the lease is left."""
    raise SystemError


def _leave(*_: object) -> None:
    sys.exit(3)


def _crash(*_: object) -> None:
    raise ZeroDivisionError


def test_a_run_is_cancelled_in_the_middle_of_a_model_call(home: Path) -> None:
    engine = SlowEngine()
    with open_desk(home, engine=engine) as desk:
        run = desk.start("Hi")
        lease = desk.claim()
        segment = threading.Thread(target=desk.platform.runner.run, args=(lease,))
        segment.start()
        assert engine.began.wait(60)
        desk.cancel(run.id)
        segment.join(60)
        assert not segment.is_alive()
        assert engine.closed.is_set()
        done = desk.get(run.id)
        assert (done.status, [step.status for step in done.journal]) == ("cancelled", ["cancelled"])


def test_a_stop_of_the_server_leaves_the_run_for_the_next_start_without_counting_against_it(home: Path) -> None:
    engine = SlowEngine()
    with open_desk(home, engine=engine) as desk:
        run = desk.start("Hi")
        segment = threading.Thread(target=desk.platform.runner.run, args=(desk.claim(),))
        segment.start()
        assert engine.began.wait(60)
        desk.platform.runner.stop()
        segment.join(60)
        assert desk.get(run.id).status == "running"
        assert desk.claim().attempts == 1
    with open_desk(home, "Good morning.") as desk:
        with desk.platform.database.writing(None) as work:
            desk.platform.queue.recover(work)
        done = desk.move_on(run.id)
        assert (done.status, done.answer, desk.notices(run.id)) == ("done", "Good morning.", ["attempt_restarted"])
