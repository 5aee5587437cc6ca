"""What a person wants of a run that is there: to pause, go on, stop, hear more, try again. Each is journalled."""

import sys
from collections.abc import Iterable, Sequence

from sqlalchemy import select

from jindou.agents.approvals import RUN_TASK
from jindou.agents.runs.fold import calls_of, counting
from jindou.agents.runs.limits import stop_work
from jindou.agents.runs.queries import as_run, step_data, steps_of
from jindou.agents.runs.reach import Reach
from jindou.agents.runs.segment import FINAL, Parts
from jindou.agents.runs.tables import RunRow, StepRow
from jindou.agents.runs.types import Run
from jindou.db import Work
from jindou.errors import Conflict
from jindou.identity.principals import Principal

__all__ = ["Control", "failed_step"]

_ANSWERS = frozenset({"model", "compaction"})


class RunOver(Conflict):
    """The run has ended."""

    code = "run_over"

    def __init__(self, row: RunRow, action: str) -> None:
        status = row.status if row.status in FINAL else "it was stopped"
        further = "Say it as the next message of its conversation." if action == "runs::steer" else "Nothing goes on."
        super().__init__(f"The run is over ({status}). {further}")


class RunNotPaused(Conflict):
    """There is nothing to resume."""

    code = "run_not_paused"


class NothingToRetry(Conflict):
    """The run has no failed step that can be done again."""

    code = "nothing_to_retry"


class OutcomeUnknown(Conflict):
    """Nobody knows whether the failed step took effect."""

    code = "outcome_unknown"


class Control:
    """The verbs that change a run. What they want takes effect in the worker that has the run, wherever it is."""

    def __init__(self, parts: Parts, reach: Reach) -> None:
        self._queue = parts.queue
        self._journal = parts.journal
        self._approvals = parts.approvals
        self._reach = reach

    def pause(self, work: Work, who: Principal, run_id: str) -> Run:
        """Have a run rest at its next step, without a thread; a model call under way is broken off.

        Raises:
            NotFound, Forbidden: as `Reach.to_change` says.
            RunOver: it has ended.
        """
        row, rules = self._open(work, who, run_id, "runs::pause")
        if row.status == "paused" or row.pause_requested:
            return as_run(row)
        self._tell(work, who, row, "pause", rules)
        if row.status == "running":
            row.pause_requested = True
        else:
            stop_work(row, "paused", work.now())
            self._journal.event(work, row, "run.paused", {})
        return as_run(row)

    def resume(self, work: Work, who: Principal, run_id: str) -> Run:
        """Have a paused run go on.

        Raises:
            NotFound, Forbidden: as `Reach.to_change` says.
            RunNotPaused: it does not rest.
        """
        row, rules = self._reach.to_change(work, who, run_id, "runs::resume")
        if row.status != "paused" and not row.pause_requested:
            raise RunNotPaused(f"The run is not paused; it is {row.status}.")
        self._tell(work, who, row, "resume", rules)
        if row.status == "paused":
            self._go_on(work, row, "pause")
        row.pause_requested = False
        return as_run(row)

    def cancel(self, work: Work, who: Principal, run_id: str) -> Run:
        """Ask a run to stop; one that is over stays as it is.

        Raises:
            NotFound, Forbidden: as `Reach.to_change` says.
        """
        row, rules = self._reach.to_change(work, who, run_id, "runs::cancel")
        if row.status not in FINAL and not row.cancel_requested:
            row.cancel_requested = True
            self._tell(work, who, row, "cancel", rules)
            self._queue.enqueue(work, RUN_TASK, row.id, row.org_id, person_id=row.person_id)
        return as_run(row)

    def steer(self, work: Work, who: Principal, run_id: str, message: str) -> Run:
        """Tell a run that is under way something, which the model reads before its next step.

        Raises:
            NotFound, Forbidden: as `Reach.to_change` says.
            Invalid: the message is empty or too long.
            RunOver: it has ended, or is about to.
        """
        text = self._reach.message(message)
        row, rules = self._open(work, who, run_id, "runs::steer")
        step = self._journal.say(work, row, text, who.name)
        self._reach.record(work, who, row, "runs::steer", rules, step=step.n)
        return as_run(row)

    def retry(self, work: Work, who: Principal, run_id: str, *, confirm: bool = False) -> Run:
        """Have the step that a run failed at done again, in the same run; one that failed between two steps goes on.

        What the model made of the step counts no more; one that took effect after all is not done again. `confirm` says
        that the person has looked whether a step of unknown outcome took effect; its key keeps the effect single where
        its tool honours keys.

        Raises:
            NotFound, Forbidden: as `Reach.to_change` says.
            NothingToRetry: it has not failed, or its conversation has gone on.
            OutcomeUnknown: the step may have taken effect, and `confirm` is not given.
        """
        row, rules = self._reach.to_change(work, who, run_id, "runs::retry")
        if row.status != "failed":
            raise NothingToRetry(f"The run is {row.status}, not failed; branch from one of its steps instead.")
        if _has_gone_on(work, row):
            raise NothingToRetry("The conversation has gone on since; branch from one of the run's steps instead.")
        steps = counting(steps_of(work, row.id))
        step = failed_step(steps)
        calls = _calls_beside(steps, step) if step is not None else []
        unknown = next((call for call in calls if call.response.get("took_effect") == "unknown"), None)
        if unknown is not None and not confirm:
            which = f"step {unknown.n} ({unknown.name})"
            told = f"Nobody knows whether {which} took effect. Look first, then confirm the retry."
            raise OutcomeUnknown(told, params={"step": unknown.n, "name": unknown.name})
        self._tell(work, who, row, "retry", rules, step=step.n if step else None, confirmed=confirm)
        if step is not None:
            self._supersede(work, row, _replies_to(steps, step))
            for call in calls:
                self._begin_again(work, row, call, is_failed=call is step)
            if step not in calls:
                step.status = "interrupted"
        row.answer, row.error, row.rules, row.finished_at = None, None, [], None
        self._go_on(work, row, "retry")
        return as_run(row)

    def _begin_again(self, work: Work, row: RunRow, call: StepRow, *, is_failed: bool) -> None:
        """Begin the call again that the run failed at, or one of the same answer that did not come to its decision.

        What the others changed stays as it is: they did not come of this one.
        """
        if call.response.get("took_effect") == "yes" and call.status != "done":
            call.status = "done"
            self._journal.event(work, row, "step.finished", {"step": step_data(call)})
        elif _never_began(call) and self._is_withdrawn(work, call):
            # Nobody had decided about it: it is asked for anew, and so is who may approve it.
            self._supersede(work, row, [call])
        elif is_failed or _never_began(call):
            call.response, call.rules = {}, []
            self._journal.begin_again(work, row, call)

    def _is_withdrawn(self, work: Work, call: StepRow) -> bool:
        approval = self._approvals.of_step(work, call.id)
        return approval is None or approval.status == "withdrawn"

    def _supersede(self, work: Work, row: RunRow, steps: Iterable[StepRow]) -> None:
        for step in steps:
            step.status = "superseded"
            self._journal.event(work, row, "step.finished", {"step": step_data(step)})

    def _open(self, work: Work, who: Principal, run_id: str, action: str) -> tuple[RunRow, list[str]]:
        row, rules = self._reach.to_change(work, who, run_id, action)
        if row.status in FINAL or row.cancel_requested:
            raise RunOver(row, action)
        return row, rules

    def _go_on(self, work: Work, row: RunRow, after: str) -> None:
        row.status = "queued"
        self._journal.event(work, row, "run.resumed", {"after": after})
        self._queue.enqueue(work, RUN_TASK, row.id, row.org_id, person_id=row.person_id)

    def _tell(self, work: Work, who: Principal, row: RunRow, verb: str, rules: list[str], **further: object) -> None:
        self._journal.control(work, row, verb, who.name, **further)
        self._reach.record(work, who, row, f"runs::{verb}", rules, **further)


def failed_step(steps: Sequence[StepRow]) -> StepRow | None:
    """Return the step that a failed run failed at: the last one that failed, else the answer that has no words.

    A run that ended between two steps failed at none: what went wrong before its model has gone on from.
    """
    last = next((step for step in reversed(steps) if step.kind == "model" and step.status == "done"), None)
    is_told_more = last is not None and any(step.kind == "message" and step.n > last.n for step in steps)
    has_answered = last is not None and not calls_of(last) and not is_told_more
    since = steps if last is None or has_answered else [step for step in steps if step.n > last.n]
    failed = [step for step in since if step.status in {"failed", "cancelled"} and step.kind != "message"]
    if failed:
        return next((step for step in reversed(failed) if not _never_began(step)), failed[-1])
    return last if last is not None and has_answered and not last.response.get("text") else None


def _never_began(step: StepRow) -> bool:
    """Say whether a call waited for a person, or for the worker to hear of the decision, when the run ended."""
    return step.status == "cancelled" and step.approval_id is not None and not step.response


def _calls_beside(steps: Sequence[StepRow], step: StepRow) -> list[StepRow]:
    """Return the calls of the answer that asked for `step`, that one among them; none where it is no call."""
    if step.kind != "tool":
        return []
    asked = max((other.n for other in steps if other.n < step.n and other.kind in _ANSWERS), default=0)
    return [other for other in steps if asked < other.n < _reply_to(steps, step) and other.kind == "tool"]


def _replies_to(steps: Sequence[StepRow], step: StepRow) -> list[StepRow]:
    """Return what the model made of a step: its next answer, and everything since but what people said."""
    return [other for other in steps if other.n >= _reply_to(steps, step) and other.kind != "message"]


def _reply_to(steps: Sequence[StepRow], step: StepRow) -> int:
    """Return the number of the next answer; beyond all steps where there is none."""
    return min((other.n for other in steps if other.n > step.n and other.kind in _ANSWERS), default=sys.maxsize)


def _has_gone_on(work: Work, row: RunRow) -> bool:
    later = select(RunRow.id).where(RunRow.conversation_id == row.conversation_id, RunRow.id > row.id)
    return work.session.scalars(later.limit(1)).first() is not None
