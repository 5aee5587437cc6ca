"""The end of a run: no step is left open, and nothing is claimed of one that nobody knows."""

from typing import Any

from jindou.agents.runs.fold import Finish
from jindou.agents.runs.limits import stop_work
from jindou.agents.runs.queries import run_data
from jindou.agents.runs.segment import Segment, State, load
from jindou.agents.runs.tables import RunRow, StepRow
from jindou.agents.runs.tool_step import asked_of
from jindou.agents.runs.types import RunStatus
from jindou.db import Work
from jindou.errors import NotFound
from jindou.identity.audit import Entry

__all__ = ["end", "finish"]

Known = dict[str, dict[str, Any]]
"""What is known of each tool call that was begun and never ended, by step."""

_NEVER_ENDED: dict[str, Any] = {
    "error": "This was begun and never ended: look whether it took effect.",
    "took_effect": "unknown",
}
_UNDER_WAY: dict[str, Any] = {
    "error": "The run ended while this was under way; whether it took effect is not known yet.",
    "took_effect": "unknown",
}
_NOTHING: dict[str, Any] = {"error": "This was begun and never ended. Nothing was changed.", "took_effect": "no"}


def finish(segment: Segment, finish: Finish, seen: State | None = None) -> bool:
    """End the run, and return False: the segment is over.

    It goes on instead if it has got a further step since it was `seen`: its person has told it more.
    """
    known = _look_up(segment, seen)
    with segment.writing() as (work, run):
        if seen is not None and run.steps != seen.run.steps and not run.cancel_requested:
            return True
        end(segment, work, run, finish, known)
    return False


def end(segment: Segment, work: Work, run: RunRow, finish: Finish, known: Known) -> None:
    """Write that the run is over. Of its calls that never ended, `known` says what is known."""
    parts = segment.parts
    steps = segment.steps(work, run)
    for step in steps:
        _close(segment, work, run, step, known, ends=finish.status)
    if any(step.approval_id is not None for step in steps):
        parts.approvals.withdraw(work, run.id)
    stop_work(run, finish.status, segment.now())
    run.pause_requested = False
    run.answer, run.error, run.rules = finish.answer, finish.error, list(finish.rules)
    run.finished_at = work.now()
    parts.journal.end_run(work, run)
    entry = Entry(
        action="runs::finish",
        resource=run.assistant,
        decision="allow",
        run_id=run.id,
        detail={"status": run.status},
    )
    actor = f"assistant:{run.assistant}"
    parts.audit.append(work, run.org_id, actor=actor, on_behalf_of=run.person_id, entry=entry)
    parts.journal.event(work, run, "run.finished", {"run": run_data(run)})
    parts.queue.done(work, segment.lease)


def _close(segment: Segment, work: Work, run: RunRow, step: StepRow, known: Known, *, ends: RunStatus) -> None:
    """End a step that is still open."""
    journal = segment.parts.journal
    if step.kind == "tool" and step.status == "started":
        response = known.get(step.id, _NEVER_ENDED)
        status = "done" if "result" in response else "cancelled" if ends == "cancelled" else "failed"
        journal.end_step(work, run, step, status, response)
    elif step.status in {"started", "waiting", "interrupted"}:
        is_at_fault = ends == "failed" and step.status == "started"
        journal.lose_attempt(work, step)
        journal.end_step(work, run, step, "failed" if is_at_fault else "cancelled", {})


def _look_up(segment: Segment, state: State | None) -> Known:
    """Find out about the calls that were begun and never ended, as far as their tools can say."""
    try:
        state = state or _load(segment)
    except NotFound:
        return {}
    known: Known = {}
    for step in state.steps:
        if step.kind == "tool" and step.status == "started":
            asked = asked_of(segment.parts, state, step, step.request["arguments"])
            took_effect, result = segment.parts.doorway.look_up(asked)
            if took_effect:
                known[step.id] = {"result": result, "took_effect": "yes"}
            elif took_effect is None:
                known[step.id] = _NEVER_ENDED
            else:
                # What has had no effect yet may still have one while its tool is at work.
                known[step.id] = _UNDER_WAY if step.id in segment.left else _NOTHING
    return known


def _load(segment: Segment) -> State:
    with segment.writing() as (work, run):
        return load(segment, work, run)
