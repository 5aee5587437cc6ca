"""Runs as the doors see them: start, watch, find, explain. What a person wants of one that is there is in `control`."""

from typing import Any

from sqlalchemy import ColumnElement, select

from jindou.agents.approvals import RUN_TASK
from jindou.agents.assistants import Assistant, Limits
from jindou.agents.runs.beginning import new_run
from jindou.agents.runs.branching import copy_step, shared
from jindou.agents.runs.control import Control
from jindou.agents.runs.explaining import explain
from jindou.agents.runs.fold import counting
from jindou.agents.runs.limits import both
from jindou.agents.runs.queries import as_detail, as_event, as_run, step_data, steps_of, undos_of
from jindou.agents.runs.reach import Reach
from jindou.agents.runs.remarks import Scene
from jindou.agents.runs.searching import query_of
from jindou.agents.runs.segment import FINAL, Parts
from jindou.agents.runs.tables import RunEventRow, RunRow
from jindou.agents.runs.types import Explanation, Run, RunDetail, RunEvent, RunSearch, StartRun, UndoPlan
from jindou.agents.runs.undoing import Undoing
from jindou.db import Work
from jindou.errors import Conflict, Invalid, NotFound
from jindou.identity.policy import Policy, Resource
from jindou.identity.principals import Principal

__all__ = ["Runs"]


class RunBusy(Conflict):
    """The conversation's last run is not over."""

    code = "run_busy"


class Runs:
    """Every run of the organisation, as far as one may see it."""

    def __init__(self, parts: Parts, policy: Policy, message_max_chars: int) -> None:
        self._parts = parts
        self._policy = policy
        self._conversations = parts.conversations
        self._reach = Reach(parts, policy, message_max_chars)
        self.control = Control(parts, self._reach)
        self._undoing = Undoing(parts)
        self.stream = parts.stream

    def start(self, work: Work, who: Principal, asked: StartRun) -> Run:
        """Begin a run; a worker takes it from here.

        Raises:
            Invalid: the message is empty or too long, or the conversation is with another assistant.
            NotFound: there is no such assistant or conversation.
            RunBusy: the conversation's last run is not over.
        """
        message = self._reach.message(asked.message)
        of, rules = self._may_start(who, asked.assistant)
        conversation_id = self._conversation(work, who, asked, message)
        row = new_run(work, who, of, message, self._parts.journal.currency, conversation_id=conversation_id)
        self._parts.journal.event(work, row, "run.started", {"message": message, "assistant": row.assistant})
        self._reach.record(work, who, row, "runs::start", rules)
        self._parts.queue.enqueue(work, RUN_TASK, row.id, row.org_id, person_id=row.person_id)
        return as_run(row)

    def branch(self, work: Work, who: Principal, run_id: str, step: int, message: str | None = None) -> Run:
        """Begin a run that shares another's journal up to `step`, in a conversation of its own.

        What was done up to there is taken over as it was, and not done again. `message` is what the new run is told
        then; with `step` 0 it takes the place of what was asked.

        Raises:
            NotFound, Forbidden: as `Reach.to_change` says.
            Conflict: it is an undo, which follows the journal of another run.
            Invalid: there is no such step, it has not ended, or the message is empty or too long.
        """
        text = None if message is None else self._reach.message(message)
        source, rules = self._reach.to_change(work, who, run_id, "runs::branch")
        if source.undoes is not None:
            raise Conflict(f"{source.id} undoes {source.undoes}; nothing can branch off from it.")
        steps = shared(steps_of(work, source.id), step)
        asked = text if text and not step else source.message
        of, _ = self._may_start(who, source.assistant)
        origin = {"branched_from": source.id, "branched_step": step}
        conversation_id = self._conversations.create(work, who, source.assistant, asked, source.id).id
        further: dict[str, Any] = {"steps": len(steps), **origin}
        row = new_run(work, who, of, asked, self._parts.journal.currency, conversation_id=conversation_id, **further)
        self._parts.journal.event(work, row, "run.started", {"message": asked, "assistant": row.assistant, **origin})
        for copy in [copy_step(work, row, one) for one in steps]:
            self._parts.journal.event(work, row, "step.finished", {"step": step_data(copy)})
        if text and step:
            self._parts.journal.say(work, row, text, who.name)
        self._reach.record(work, who, row, "runs::branch", rules, **origin)
        self._parts.queue.enqueue(work, RUN_TASK, row.id, row.org_id, person_id=row.person_id)
        return as_run(row)

    def search(self, work: Work, who: Principal, asked: RunSearch) -> list[Run]:
        """Return one's own runs that fit, the newest first."""
        return [as_run(row) for row in work.session.scalars(query_of(who.person_id, asked))]

    def get(self, work: Work, who: Principal, run_id: str) -> RunDetail:
        """Return a run with its journal.

        Raises:
            NotFound: there is none that this person may see.
        """
        return self._detail(work, self._reach.visible(work, who, run_id))

    def explain(self, work: Work, who: Principal, run_id: str) -> Explanation:
        """Say in plain words why a run is where it is, and what would move it on.

        Raises:
            NotFound: there is none that this person may see.
        """
        row = self._reach.visible(work, who, run_id)
        steps = counting(steps_of(work, row.id))
        seen = self._parts.approvals.seen_with_run(work, row.id)
        approvals = {step.id: seen[step.id] for step in steps if step.id in seen}
        undo = next(iter(undos_of(work, row.id)), None)
        task = self._parts.queue.standing(work, RUN_TASK, row.id)
        return explain(Scene(row, steps, approvals, undo), task, work.now())

    def of_conversation(self, work: Work, who: Principal, conversation_id: str) -> list[RunDetail]:
        """Return the runs of one of one's own conversations, the oldest first.

        Raises:
            NotFound: there is no such conversation.
        """
        self._conversations.get(work, who, conversation_id)
        return self.of_anybody(work, conversation_id)

    def of_anybody(self, work: Work, conversation_id: str) -> list[RunDetail]:
        """Return the runs of a conversation of whomever it is, for somebody whom a rule has let read it."""
        rows = work.session.scalars(select(RunRow).where(RunRow.conversation_id == conversation_id).order_by(RunRow.id))
        return [self._detail(work, row) for row in rows.all()]

    def conversation_of(self, work: Work, run_id: str) -> str:
        """Return the id of the conversation that a run of whomever is in.

        Raises:
            NotFound: there is no such run in this organisation.
        """
        found = work.session.scalars(select(RunRow.conversation_id).where(RunRow.id == run_id)).first()
        if found is None:
            raise NotFound("There is no such run.")
        return found

    def events(self, work: Work, who: Principal, run_id: str, after: int = 0) -> list[RunEvent]:
        """Return the events of a run that come after number `after`.

        Raises:
            NotFound: there is no run that this person may see.
        """
        self._reach.visible(work, who, run_id)
        query = select(RunEventRow).where(RunEventRow.run_id == run_id, RunEventRow.seq > after)
        return [as_event(row) for row in work.session.scalars(query.order_by(RunEventRow.seq))]

    def plan_undo(self, work: Work, who: Principal, run_id: str) -> UndoPlan:
        """Return what undoing a run would do, first what it can't.

        Raises:
            NotFound, Forbidden: as `Reach.may` says.
        """
        return self._undoing.plan(work, who, self._reach.may(work, who, run_id, "runs::undo")[0])

    def undo(self, work: Work, who: Principal, run_id: str) -> Run:
        """Put back what a run changed, the last first; that is a run, too. Asked again, it does nothing more.

        Raises:
            NotFound, Forbidden: as `plan_undo` says.
            Conflict: it is not over.
            NothingToUndo: it has changed nothing that can be put back.
        """
        row, rules = self._reach.to_change(work, who, run_id, "runs::undo")
        undo = self._undoing.start(work, who, row)
        self._reach.record(work, who, row, "runs::undo", rules)
        return undo

    def cancel_all(self, work: Work) -> None:
        """Ask every run that is not over to stop: for an operator who makes the demo data anew."""
        self._stop(work)

    def depart(self, work: Work, person_id: str) -> None:
        """Have every run of a person stop who was deactivated: it ends as refused before its next step."""
        self._stop(work, RunRow.person_id == person_id)

    def _stop(self, work: Work, *where: ColumnElement[bool]) -> None:
        under_way = select(RunRow).where(RunRow.status.not_in(sorted(FINAL)), *where).order_by(RunRow.id)
        for row in work.session.scalars(under_way):
            row.cancel_requested = True
            self._parts.queue.enqueue(work, RUN_TASK, row.id, row.org_id, person_id=row.person_id)

    def _may_start(self, who: Principal, assistant: str) -> tuple[Assistant, list[str]]:
        """Return an assistant whose runs this person may start, and by which rules."""
        of = self._parts.assistants.get(assistant)
        decision = self._policy.require(who, "runs::start", Resource("Assistant", of.slug), {})
        return of, [rule.id for rule in decision.rules]

    def _detail(self, work: Work, row: RunRow) -> RunDetail:
        try:
            own = self._parts.assistants.get(row.assistant).limits
        except NotFound:
            own = Limits()
        undone_by = next((undo.id for undo in undos_of(work, row.id) if undo.status == "done"), None)
        return as_detail(row, steps_of(work, row.id), both(self._parts.limits, own), work.now(), undone_by)

    def _conversation(self, work: Work, who: Principal, asked: StartRun, message: str) -> str:
        if asked.conversation_id is None:
            return self._conversations.create(work, who, asked.assistant, message).id
        conversation = self._conversations.touch(work, who, asked.conversation_id)
        if conversation.assistant != asked.assistant:
            told = f"This conversation is with {conversation.assistant}; begin another one with {asked.assistant}."
            raise Invalid(told, field="assistant", rule="that of the conversation")
        open_runs = select(RunRow.id).where(
            RunRow.conversation_id == conversation.id, RunRow.status.not_in(sorted(FINAL))
        )
        busy = work.session.scalars(open_runs).first()
        if busy is not None:
            raise RunBusy(f"The assistant is still at work on {busy}; wait for it or cancel it.")
        return conversation.id
