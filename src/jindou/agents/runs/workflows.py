"""Moving a run on: one segment goes from wake-up to the next pause or the end, one journalled step at a time.

A segment may be killed at any instant. The next one reads the journal and does what is missing; a tool that was
begun runs again under the same key, which makes its effect happen once.
"""

from dataclasses import replace
from datetime import timedelta

from jindou.agents.runs.compaction import begin_notes_again
from jindou.agents.runs.finishing import end, finish
from jindou.agents.runs.fold import Action, AskModel, CallTools, Compact, Finish, Pause, next_action
from jindou.agents.runs.limits import LimitPassed, passed, room, start_work, stop_work
from jindou.agents.runs.model_step import begin_model
from jindou.agents.runs.reaping import reap
from jindou.agents.runs.refusals import INACTIVE, budget_rule, is_hopeless
from jindou.agents.runs.segment import FINAL, Act, Parts, RunGone, Segment, State, load
from jindou.agents.runs.tables import RunRow, StepRow
from jindou.agents.runs.taking import taker
from jindou.agents.runs.tool_step import begin_tools
from jindou.agents.runs.undo import load_undo, next_undo
from jindou.billing.budgets import BudgetExceeded, RateLimited
from jindou.db import Work
from jindou.durable.queue import Lease, LeaseLost
from jindou.errors import JindouError, Unavailable
from jindou.identity.principals import PersonInactive
from jindou.models.gateway import Stopped
from jindou.telemetry import get_logger

__all__ = ["Runner"]

_log = get_logger(__name__)
_MOST_ATTEMPTS = 12
"""Six minutes and more, so that a run outlives an engine that is restarted or moved."""
_MOST_LOST = 7
"""Workers in a row that died at a run, all but the first two with nothing else under way."""
_ATTEMPTS_EXHAUSTED = Finish("failed", error="attempts_exhausted")
_WORKERS_LOST = Finish("failed", error="workers_lost")


class Runner:
    """Does the tasks of kind ``run``."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._together = parts.database.together(taker(parts.queue, parts.journal))
        self._stopping = False

    def stop(self) -> None:
        """Break off the model calls under way; their runs go on at the next start."""
        self._stopping = True

    def reap(self) -> None:
        """Ask for the runs that are under way and that nobody was asked to do."""
        with self._parts.database.writing(None) as work:
            left = reap(work, self._parts.queue)
        if left:
            _log.warning("runs had no task", extra={"fields": {"runs": left}})

    def run(self, lease: Lease) -> None:
        """Move a run on until it waits or is over.

        Raises:
            Unavailable: a part does not answer; the queue tries again.
            LeaseLost: another worker has the run.
        """
        segment = Segment(self._parts, self._together, lease, lambda: self._stopping)
        try:
            self._go_on(segment)
        except RunGone:
            with self._parts.database.writing(lease.org_id) as work:
                self._parts.queue.done(work, lease)
        except Exception:
            # Whatever keeps the next step from beginning: what came of the last one is written.
            segment.write_outcome()
            raise

    def _go_on(self, segment: Segment) -> None:
        lease = segment.lease
        if lease.lost >= _MOST_LOST or lease.attempts > _MOST_ATTEMPTS:
            with segment.writing() as (work, run):
                is_due = self._wake_up(segment, work, run)
            if is_due:
                finish(segment, _WORKERS_LOST if lease.lost >= _MOST_LOST else _ATTEMPTS_EXHAUSTED)
            return
        while not self._stopping:
            if not self._advance(segment):
                return
        with segment.writing() as (work, run):
            stop_work(run, run.status, segment.now())
            self._parts.queue.release(work, lease, work.now(), untried=True)

    def _wake_up(self, segment: Segment, work: Work, run: RunRow) -> bool:
        """Say whether there is something to do."""
        parts = self._parts
        if run.status in FINAL or (run.status == "paused" and not run.cancel_requested):
            parts.queue.done(work, segment.lease)
            return False
        if run.status == "running":
            parts.journal.event(work, run, "run.resumed", {"after": "interruption"})
        if run.status in {"queued", "running"}:
            start_work(run, segment.now())
        return True

    def _advance(self, segment: Segment) -> bool:
        """Do the one thing that is next; False when the segment is over."""
        try:
            with segment.writing() as (work, run):
                act = self._begin(segment, work, run)
            segment.is_awake = True
            return act()
        except Stopped:
            return True
        except LimitPassed as limit:
            return finish(segment, Finish.at(limit))
        except PersonInactive:
            return finish(segment, Finish("refused", rules=(INACTIVE,)))
        except (BudgetExceeded, RateLimited) as error:
            return self._stop_for(segment, error)
        except (Unavailable, LeaseLost, RunGone):
            raise
        except JindouError as error:
            return finish(segment, Finish("failed", error=error.message))

    def _begin(self, segment: Segment, work: Work, run: RunRow) -> Act:
        """Write that the one thing begins that is next, and return what does it once that is durable."""
        if not segment.is_awake:
            # Before the run is changed: to read others, that would have to be written first.
            segment.earlier(work, run)
            if not self._wake_up(segment, work, run):
                return _over
        state = load(segment, work, run)
        match self._next(segment, work, state):
            case AskModel(begun) | Compact(begun):
                return _begin_to_ask(segment, work, state, begun)
            case CallTools() as calls:
                return begin_tools(segment, work, state, calls)
            case Pause():
                return lambda: _pause(segment)
            case Finish() as last:
                return _begin_to_end(segment, work, state, last)

    def _next(self, segment: Segment, work: Work, state: State) -> Action:
        if state.run.undoes is not None:
            return next_undo(state, load_undo(self._parts.doorway, work, state))
        limit = passed(state.limits, state.run, state.steps, segment.now())
        left = min(room(state.limits, state.steps), self._parts.parallel_calls)
        tools = self._parts.doorway.tools_of(state.assistant)
        return next_action(state.run, state.steps, left, limit, {tool.name for tool in tools if tool.risk != "read"})

    def _stop_for(self, segment: Segment, error: BudgetExceeded | RateLimited) -> bool:
        if isinstance(error, RateLimited) and not is_hopeless(error):
            return _wait(segment, error)
        rule = budget_rule(error, self._parts.journal.currency)
        return finish(segment, Finish("refused", rules=(rule,)))


def _over() -> bool:
    return False


def _begin_to_ask(segment: Segment, work: Work, state: State, begun: StepRow | None) -> Act:
    if begun is None:
        return begin_model(segment, work, state)
    # Whatever becomes of the next attempt: what the last one used is not known any more.
    segment.parts.journal.lose_attempt(work, begun)
    return lambda: _ask_again(segment, state, begun)


def _ask_again(segment: Segment, state: State, begun: StepRow) -> bool:
    """Ask what was asked once and never answered."""
    with segment.writing() as (work, run):
        now = replace(state, run=run)
        act = (begin_model if begun.kind == "model" else begin_notes_again)(segment, work, now, begun)
    return act()


def _begin_to_end(segment: Segment, work: Work, state: State, last: Finish) -> Act:
    if any(step.kind == "tool" and step.status == "started" for step in state.steps):
        # What became of a call is asked of its tool, in no transaction of ours.
        return lambda: finish(segment, last, state)
    end(segment, work, state.run, last, {})
    return _over


def _wait(segment: Segment, error: RateLimited) -> bool:
    """Give the run back until the minute of the limit is over."""
    parts = segment.parts
    with segment.writing() as (work, run):
        stop_work(run, "queued", segment.now())
        parts.journal.event(work, run, "run.notice", {"code": error.code, "params": error.params})
        parts.queue.release(work, segment.lease, work.now() + timedelta(seconds=error.retry_after), untried=True)
    return False


def _pause(segment: Segment) -> bool:
    """Rest until the person resumes the run; a model call that was broken off is made anew then."""
    parts = segment.parts
    with segment.writing() as (work, run):
        if not run.pause_requested:
            return True
        for step in segment.steps(work, run):
            if step.status == "started":
                parts.journal.lose_attempt(work, step)
                parts.journal.end_step(work, run, step, "interrupted", {})
        run.pause_requested = False
        stop_work(run, "paused", segment.now())
        parts.journal.event(work, run, "run.paused", {})
        parts.queue.done(work, segment.lease)
    return False
