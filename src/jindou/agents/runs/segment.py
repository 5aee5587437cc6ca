"""What a segment works with, and what it has read from the journal."""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import bindparam

from jindou.agents.approvals import Approvals
from jindou.agents.assistants import Assistant, Assistants, Limits
from jindou.agents.conversations import Conversations
from jindou.agents.policies import Recorder
from jindou.agents.runs.fold import Journalled
from jindou.agents.runs.journal import Journal
from jindou.agents.runs.limits import both
from jindou.agents.runs.queries import locked, run_of, steps_of
from jindou.agents.runs.shown import Notes, notes_of
from jindou.agents.runs.stream import Stream
from jindou.agents.runs.tables import RunRow, StepRow
from jindou.agents.tools import Doorway, Tool
from jindou.db import Database, Query, Work
from jindou.durable.queue import Lease, Queue
from jindou.identity.audit import Audit
from jindou.identity.principals import Principal, Principals
from jindou.models.deployments import Deployments

__all__ = ["FINAL", "HISTORY_RUNS", "Parts", "Segment", "State", "has_had_its_effects", "load"]

FINAL = frozenset({"done", "refused", "failed", "cancelled"})
"""The statuses that a run does not leave."""

OUTCOME_UNKNOWN = "This was begun and never ended: look whether it took effect."

_PAST = Query(
    RunRow,
    RunRow.conversation_id == bindparam("conversation_id"),
    RunRow.id < bindparam("before"),
    order_by=RunRow.id.desc(),
    limit="most",
)
HISTORY_RUNS = 32
"""Runs of the conversation that the model is shown before the one at work, beside notes on those before them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The rooms that a run needs, and its limits. `model` is the deployment that runs ask.

    `parallel_calls` is how many reads of one run go on at the same time, `context_share` how much of the
    model's context a run fills before it puts its past into notes.
    """

    database: Database
    queue: Queue
    journal: Journal
    stream: Stream
    doorway: Doorway
    recorder: Recorder
    approvals: Approvals
    assistants: Assistants
    conversations: Conversations
    principals: Principals
    audit: Audit
    deployments: Deployments
    model: str
    context_tokens: int
    context_share: float
    limits: Limits
    parallel_calls: int
    answer_max_tokens: int


@dataclass(frozen=True, slots=True)
class State:
    """A run as the journal has it now, with the rights that its person has now."""

    run: RunRow
    steps: list[StepRow]
    earlier: list[Journalled]
    who: Principal
    assistant: Assistant
    limits: Limits


@dataclass(slots=True)
class Segment:
    """One stretch of a run, under a lease. `stopping` says that the server is about to stop.

    `left` are the tool steps that it goes on without, though their tools are still at work.
    """

    parts: Parts
    lease: Lease
    stopping: Callable[[], bool]
    left: set[str] = field(default_factory=set[str])
    _earlier: list[Journalled] | None = None

    @contextmanager
    def writing(self, *, progress: bool = False) -> Generator[tuple[Work, RunRow]]:
        """Open a unit of work on the run, as long as the lease is ours.

        Raises:
            LeaseLost: another worker has the run.
        """
        with self.parts.database.writing(self.lease.org_id) as work:
            # First the run, then the task, as the doors do: in one order nobody waits for each other.
            run = locked(work, self.lease.subject)
            self.parts.queue.hold(work, self.lease, progress=progress)
            yield work, run

    def earlier(self, work: Work, run: RunRow) -> list[Journalled]:
        """Return the runs before this one. They are over, so a segment reads them once."""
        if self._earlier is None:
            self._earlier = _earlier(self.parts, work, run)
        return self._earlier


def load(segment: Segment) -> State:
    """Read the run of a segment.

    Raises:
        NotFound: its person or its assistant is gone.
    """
    parts, lease = segment.parts, segment.lease
    with parts.database.reading(lease.org_id) as work:
        run = run_of(work, lease.subject)
        assistant = parts.assistants.get(run.assistant)
        return State(
            run=run,
            steps=steps_of(work, run.id),
            earlier=segment.earlier(work, run),
            who=parts.principals.principal(work, run.org_id, run.person_id),
            assistant=assistant,
            limits=both(parts.limits, assistant.limits),
        )


def _earlier(parts: Parts, work: Work, run: RunRow) -> list[Journalled]:
    """Return the runs before this one, the oldest first: of its conversation, and of those it branched off from.

    They go back to where the newest notes begin to stand for them.
    """
    found: list[Journalled] = []
    notes: Notes | None = None
    before: RunRow | None = run
    while before is not None and len(found) < HISTORY_RUNS:
        most = HISTORY_RUNS - len(found)
        for past in work.fetch(_PAST, conversation_id=before.conversation_id, before=before.id, most=most):
            if notes is not None and past.id == notes.run:
                return found[::-1]
            found.append((past, steps_of(work, past.id)))
            notes = notes or notes_of(found[-1:])
            if notes is not None and notes.step:
                return found[::-1]
        origin = parts.conversations.origin(work, before.conversation_id)
        before = run_of(work, origin) if origin is not None else None
    return found[::-1]


def has_had_its_effects(state: State, tools: Sequence[Tool]) -> bool:
    """Say whether the run has changed as much as its assistant may change in one run; then it can only answer."""
    most = state.assistant.limits.effects
    effects = {tool.name for tool in tools if tool.risk != "read"}
    return most is not None and sum(s.status == "done" and s.name in effects for s in state.steps) >= most
