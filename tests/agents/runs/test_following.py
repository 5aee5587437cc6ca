"""Who follows a run is told each event of its journal once and in order, and no text that is old."""

from datetime import UTC, datetime
from typing import Any

from jindou.agents.runs import RunEvent
from jindou.agents.runs.following import Follower

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def event(seq: int, kind: str = "run.notice", **data: Any) -> RunEvent:
    return RunEvent.model_validate({"seq": seq, "run_id": "run_1", "type": kind, "at": AT, "data": data})


def text(step: str, attempt: int, words: str) -> RunEvent:
    return event(0, "text.delta", step_id=step, attempt=attempt, text=words)


def step(seq: int, kind: str, step_id: str, attempt: int) -> RunEvent:
    return event(seq, kind, step={"id": step_id, "attempt": attempt})


def test_an_event_that_comes_next_is_told_and_one_that_was_seen_is_not() -> None:
    follower = Follower(2)
    assert follower.hear(event(3)) == [event(3)]
    assert follower.hear(event(3)) == []
    assert follower.hear(event(1)) == []


def test_a_gap_or_word_of_another_process_sends_to_the_journal() -> None:
    follower = Follower(0)
    assert follower.hear(event(2)) is None
    assert follower.hear("run_1") is None
    assert follower.read([event(1), event(2)]) == [event(1), event(2)]
    assert follower.hear(event(2)) == []


def test_text_of_an_older_attempt_and_of_a_step_that_has_ended_is_dropped() -> None:
    follower = Follower(0)
    follower.hear(step(1, "step.started", "stp_1", 1))
    assert follower.hear(text("stp_1", 1, "All ")) == [text("stp_1", 1, "All ")]
    follower.hear(step(2, "step.started", "stp_1", 2))
    assert follower.hear(text("stp_1", 1, "is ")) == []
    assert follower.hear(text("stp_1", 2, "All ")) == [text("stp_1", 2, "All ")]
    follower.hear(step(3, "step.finished", "stp_1", 2))
    assert follower.hear(text("stp_1", 2, "late")) == []


def test_the_end_of_the_run_is_the_end() -> None:
    follower = Follower(0)
    assert not follower.is_over
    follower.hear(event(1, "run.finished"))
    assert follower.is_over
