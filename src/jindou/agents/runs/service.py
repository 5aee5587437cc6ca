"""Runs as the doors see them: start, watch, stop. What moves a run on is in `workflows`."""

from sqlalchemy import select

from jindou.agents.approvals import RUN_TASK
from jindou.agents.conversations import Conversations
from jindou.agents.runs.queries import as_detail, as_event, as_run
from jindou.agents.runs.segment import FINAL, Parts, steps_of
from jindou.agents.runs.tables import RunEventRow, RunRow
from jindou.agents.runs.types import Run, RunDetail, RunEvent, StartRun, UndoPlan
from jindou.agents.runs.undoing import Undoing
from jindou.db import Work
from jindou.errors import Conflict, Invalid, NotFound
from jindou.identity.audit import Entry
from jindou.identity.policy import Policy, Resource
from jindou.identity.principals import Principal

__all__ = ["RunBusy", "Runs"]


class RunBusy(Conflict):
    """The conversation's last run is not over."""

    code = "run_busy"


class Runs:
    """Every run of the organisation, as far as one may see it."""

    def __init__(self, parts: Parts, policy: Policy, conversations: Conversations, message_max_chars: int) -> None:
        self._queue = parts.queue
        self._audit = parts.audit
        self._assistants = parts.assistants
        self._approvals = parts.approvals
        self._journal = parts.journal
        self.stream = parts.stream
        self._undoing = Undoing(parts)
        self._policy = policy
        self._conversations = conversations
        self._message_max_chars = message_max_chars

    def start(self, work: Work, who: Principal, asked: StartRun) -> Run:
        """Begin a run; a worker takes it from here.

        Raises:
            Invalid: the message is empty or too long, or the conversation is with another assistant.
            NotFound: there is no such assistant or conversation.
            RunBusy: the conversation's last run is not over.
        """
        message = asked.message.strip()
        if not message:
            raise Invalid("The message is empty.", field="message", rule="not empty")
        if len(message) > self._message_max_chars:
            told = f"The message has {len(message)} characters; at most {self._message_max_chars} are taken."
            raise Invalid(told, field="message", rule=f"at most {self._message_max_chars} characters")
        assistant = self._assistants.get(asked.assistant)
        decision = self._policy.require(who, "runs::start", Resource("Assistant", assistant.slug), {})
        row = RunRow(
            id=work.new_id("run"),
            org_id=who.org_id,
            conversation_id=self._conversation(work, who, asked, message),
            assistant=assistant.slug,
            assistant_version=assistant.version,
            person_id=who.person_id,
            person_name=who.name,
            message=message,
            status="queued",
            rules=[],
            steps=0,
            cost_micro=0,
            currency=self._journal.currency,
            cancel_requested=False,
            last_event=0,
            created_at=work.now(),
        )
        work.session.add(row)
        self._journal.event(work, row, "run.started", {"message": message, "assistant": assistant.slug})
        self._record(work, who, row, "runs::start", [rule.id for rule in decision.rules])
        self._queue.enqueue(work, RUN_TASK, row.id, row.org_id, person_id=row.person_id)
        return as_run(row)

    def list_runs(self, work: Work, who: Principal, limit: int = 50, before: str | None = None) -> list[Run]:
        """Return one's own runs, the newest first, at most `limit`, older than run `before`."""
        query = select(RunRow).where(RunRow.person_id == who.person_id).order_by(RunRow.id.desc()).limit(limit)
        if before is not None:
            query = query.where(RunRow.id < before)
        return [as_run(row) for row in work.session.scalars(query)]

    def get(self, work: Work, who: Principal, run_id: str) -> RunDetail:
        """Return a run with its journal.

        Raises:
            NotFound: there is none that this person may see.
        """
        row = self._visible(work, who, run_id)
        return as_detail(row, steps_of(work, row.id))

    def of_conversation(self, work: Work, who: Principal, conversation_id: str) -> list[RunDetail]:
        """Return the runs of one of one's own conversations, the oldest first.

        Raises:
            NotFound: there is no such conversation.
        """
        self._conversations.get(work, who, conversation_id)
        rows = work.session.scalars(select(RunRow).where(RunRow.conversation_id == conversation_id).order_by(RunRow.id))
        return [as_detail(row, steps_of(work, row.id)) for row in rows.all()]

    def events(self, work: Work, who: Principal, run_id: str, after: int = 0) -> list[RunEvent]:
        """Return the events of a run that come after number `after`.

        Raises:
            NotFound: there is no run that this person may see.
        """
        self._visible(work, who, run_id)
        query = select(RunEventRow).where(RunEventRow.run_id == run_id, RunEventRow.seq > after)
        return [as_event(row) for row in work.session.scalars(query.order_by(RunEventRow.seq))]

    def cancel(self, work: Work, who: Principal, run_id: str) -> Run:
        """Ask a run to stop; one that is over stays as it is.

        Raises:
            NotFound: there is no run that this person may see.
            Forbidden: it works for somebody else.
        """
        row = self._visible(work, who, run_id)
        context = {"own": row.person_id == who.person_id, "approver": False}
        decision = self._policy.require(who, "runs::cancel", Resource("Assistant", row.assistant), context)
        if row.status not in FINAL and not row.cancel_requested:
            row.cancel_requested = True
            self._record(work, who, row, "runs::cancel", [rule.id for rule in decision.rules])
            self._queue.enqueue(work, RUN_TASK, row.id, row.org_id, person_id=row.person_id)
        return as_run(row)

    def plan_undo(self, work: Work, who: Principal, run_id: str) -> UndoPlan:
        """Return what undoing a run would do, first what it can't.

        Raises:
            NotFound: there is no run that this person may see.
            Forbidden: it works for somebody else.
        """
        return self._undoing.plan(work, who, self._to_undo(work, who, run_id)[0])

    def undo(self, work: Work, who: Principal, run_id: str) -> Run:
        """Put back what a run changed, the last first; that is a run, too. Asked again, it does nothing more.

        Raises:
            NotFound, Forbidden: as `plan_undo` says.
            Conflict: it is not over.
            NothingToUndo: it has changed nothing that can be put back.
        """
        row, rules = self._to_undo(work, who, run_id)
        undo = self._undoing.start(work, who, row)
        self._record(work, who, row, "runs::undo", rules)
        return undo

    def _to_undo(self, work: Work, who: Principal, run_id: str) -> tuple[RunRow, list[str]]:
        row = self._visible(work, who, run_id)
        context = {"own": row.person_id == who.person_id, "approver": False}
        decision = self._policy.require(who, "runs::undo", Resource("Assistant", row.assistant), context)
        return row, [rule.id for rule in decision.rules]

    def cancel_all(self, work: Work) -> None:
        """Ask every run that is not over to stop: for an operator who makes the demo data anew."""
        for row in work.session.scalars(select(RunRow).where(RunRow.status.not_in(sorted(FINAL)))):
            row.cancel_requested = True
            self._queue.enqueue(work, RUN_TASK, row.id, row.org_id, person_id=row.person_id)

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

    def _visible(self, work: Work, who: Principal, run_id: str) -> RunRow:
        row = work.session.scalars(select(RunRow).where(RunRow.id == run_id)).first()
        if row is None:
            raise NotFound("There is no such run.")
        own = row.person_id == who.person_id
        context = {"own": own, "approver": not own and self._approvals.may_see_run(work, who, run_id)}
        if self._policy.decide(who, "runs::read", Resource("Assistant", row.assistant), context).verb != "allow":
            raise NotFound("There is no such run.")
        return row

    def _record(self, work: Work, who: Principal, row: RunRow, action: str, rules: list[str]) -> None:
        entry = Entry(action=action, resource=row.assistant, decision="allow", rules=rules, run_id=row.id)
        self._audit.append(work, row.org_id, actor=who.actor, on_behalf_of=who.person_id, entry=entry)
