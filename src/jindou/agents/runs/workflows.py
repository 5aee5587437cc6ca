"""Moving a run on: one segment goes from wake-up to the next pause or the end, one journalled step at a time.

A segment may be killed at any instant. The next one reads the journal and does what is missing; a tool that was
begun runs again under the same key, which makes its effect happen once.
"""

from datetime import timedelta

from jindou.agents.runs.fold import Action, AskModel, CallTool, Finish, next_action
from jindou.agents.runs.model_step import ask_model
from jindou.agents.runs.queries import as_run
from jindou.agents.runs.reaping import reap
from jindou.agents.runs.refusals import budget_rule, is_hopeless
from jindou.agents.runs.segment import FINAL, OUTCOME_UNKNOWN, Parts, State, load, steps_of
from jindou.agents.runs.tables import RunRow
from jindou.agents.runs.tool_step import call_tool
from jindou.agents.runs.undo import load_undo, next_undo
from jindou.billing.budgets import BudgetExceeded, RateLimited
from jindou.db import Work
from jindou.durable.queue import Lease, LeaseLost
from jindou.errors import JindouError, Unavailable
from jindou.identity.audit import Entry
from jindou.models.gateway import Stopped
from jindou.telemetry import get_logger

__all__ = ["Runner"]

_log = get_logger(__name__)
_MAX_ATTEMPTS = 5


class Runner:
    """Does the tasks of kind ``run``."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
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
        if not self._wake_up(lease):
            return
        while not self._stopping:
            if not self._advance(lease):
                return
        with self._parts.database.writing(lease.org_id) as work:
            self._parts.queue.release(work, lease, work.now(), untried=True)

    def _wake_up(self, lease: Lease) -> bool:
        parts = self._parts
        with parts.database.writing(lease.org_id) as work:
            parts.queue.hold(work, lease)
            run = work.session.get(RunRow, lease.subject)
            if run is None or run.status in FINAL:
                parts.queue.done(work, lease)
                return False
            if lease.attempts > _MAX_ATTEMPTS:
                self._finish(work, lease, run, Finish("failed", error="attempts_exhausted"))
                return False
            if run.status == "running":
                parts.journal.event(work, run, "run.resumed", {"after": "interruption"})
            if run.status == "queued":
                run.status = "running"
        return True

    def _advance(self, lease: Lease) -> bool:
        """Do the one thing that is next; False when the segment is over."""
        try:
            state = load(self._parts, lease)
            match action := self._next(lease, state):
                case AskModel(step):
                    ask_model(self._parts, lease, state, step, lambda: self._stopping)
                    return True
                case CallTool():
                    return call_tool(self._parts, lease, state, action)
                case Finish():
                    return self._end(lease, action)
        except Stopped:
            return True
        except (BudgetExceeded, RateLimited) as error:
            return self._stop_for(lease, error)
        except (Unavailable, LeaseLost):
            raise
        except JindouError as error:
            return self._end(lease, Finish("failed", error=error.message))

    def _next(self, lease: Lease, state: State) -> Action:
        if state.run.undoes is not None:
            return next_undo(state, load_undo(self._parts, lease, state))
        most = min(self._parts.max_steps, state.assistant.limits.steps or self._parts.max_steps)
        tools = self._parts.doorway.tools_of(state.assistant)
        return next_action(state.run, state.steps, most, {tool.name for tool in tools if tool.risk != "read"})

    def _stop_for(self, lease: Lease, error: BudgetExceeded | RateLimited) -> bool:
        if isinstance(error, RateLimited) and not is_hopeless(error):
            return self._wait(lease, error)
        rule = budget_rule(error, self._parts.journal.currency)
        return self._end(lease, Finish("refused", rules=(rule,)))

    def _wait(self, lease: Lease, error: RateLimited) -> bool:
        """Give the run back until the minute of the limit is over."""
        parts = self._parts
        with parts.database.writing(lease.org_id) as work:
            parts.queue.hold(work, lease)
            run = work.session.get_one(RunRow, lease.subject)
            run.status = "queued"
            parts.journal.event(work, run, "run.notice", {"code": error.code, "params": error.params})
            parts.queue.release(work, lease, work.now() + timedelta(seconds=error.retry_after), untried=True)
        return False

    def _end(self, lease: Lease, finish: Finish) -> bool:
        with self._parts.database.writing(lease.org_id) as work:
            self._parts.queue.hold(work, lease)
            self._finish(work, lease, work.session.get_one(RunRow, lease.subject), finish)
        return False

    def _finish(self, work: Work, lease: Lease, run: RunRow, finish: Finish) -> None:
        parts = self._parts
        for step in steps_of(work, run.id):
            if step.kind == "tool" and step.status == "started":
                parts.journal.end_step(work, run, step, "failed", {"error": OUTCOME_UNKNOWN})
            elif step.status in {"started", "waiting"}:
                parts.journal.lose_attempt(work, step)
                parts.journal.end_step(work, run, step, "cancelled", {})
        parts.approvals.withdraw(work, run.id)
        run.status = finish.status
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
        parts.journal.event(work, run, "run.finished", {"run": as_run(run)})
        parts.queue.done(work, lease)
