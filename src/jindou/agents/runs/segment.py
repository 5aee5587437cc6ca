"""What a segment works with, and what it has read from the journal."""

from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias

from sqlalchemy import bindparam

from jindou.agents.approvals import Approvals
from jindou.agents.assistants import Assistant, Assistants, Limits
from jindou.agents.conversations import Conversations
from jindou.agents.policies import Recorder
from jindou.agents.runs.fold import Journalled
from jindou.agents.runs.journal import Journal
from jindou.agents.runs.limits import both
from jindou.agents.runs.queries import run_of, steps_of
from jindou.agents.runs.shown import Notes, notes_of
from jindou.agents.runs.stream import Stream
from jindou.agents.runs.tables import RunRow, StepRow
from jindou.agents.runs.taking import Taking
from jindou.agents.tools import Doorway, Tool
from jindou.db import Database, Query, Work
from jindou.durable.queue import Lease, LeaseLost, Queue
from jindou.errors import NotFound
from jindou.identity.audit import Audit
from jindou.identity.principals import Principal, Principals
from jindou.models.deployments import Deployments

__all__ = [
    "FINAL",
    "HISTORY_RUNS",
    "Act",
    "Outcome",
    "Parts",
    "RunGone",
    "Segment",
    "State",
    "has_had_its_effects",
    "load",
]

FINAL = frozenset({"done", "refused", "failed", "cancelled"})
"""The statuses that a run does not leave."""

_PAST = Query(
    RunRow,
    RunRow.conversation_id == bindparam("conversation_id"),
    RunRow.id < bindparam("before"),
    order_by=RunRow.id.desc(),
    limit="most",
)
HISTORY_RUNS = 32
"""Runs of the conversation that the model is shown before the one at work, beside notes on those before them."""

Act: TypeAlias = Callable[[], bool]
"""Does what the journal says is begun; False when the segment is over."""


class RunGone(NotFound):
    """The run is there no more, so there is nothing to do about it."""

    code = "run_gone"


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

    def skus(self, org_id: str) -> Sequence[str]:
        """Return what a call of the model may be billed as in an organisation."""
        try:
            return self.deployments.get(org_id, self.model).skus
        except NotFound:
            # Nobody serves it just now, so that the call itself will say so.
            return [f"model:{self.model}"]


@dataclass(frozen=True, slots=True)
class State:
    """A run as the journal has it now, with the rights that its person has now."""

    run: RunRow
    steps: list[StepRow]
    earlier: list[Journalled]
    who: Principal
    assistant: Assistant
    limits: Limits


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a step and is not in the journal yet. `pay` writes only what is owed, whoever has the run by now."""

    write: Callable[[Work, RunRow], None]
    pay: Callable[[Work], None] | None = None


@dataclass(slots=True)
class Segment:
    """One stretch of a run, under a lease. `stopping` says that the server is about to stop.

    What it writes shares its transaction with what other segments write, by `together`.

    `left` are the tool steps that it goes on without, though their tools are still at work. The `outcome` of a step is
    written with the beginning of the next one, or with whatever else is written first.
    """

    parts: Parts
    together: Callable[[str, Taking], AbstractContextManager[Work]]
    lease: Lease
    stopping: Callable[[], bool]
    left: set[str] = field(default_factory=set[str])
    outcome: Outcome | None = None
    is_awake: bool = False
    _earlier: list[Journalled] | None = None
    _steps: list[StepRow] | None = None
    _seen: int = 0
    _began: tuple[datetime, float] = field(init=False)

    def __post_init__(self) -> None:
        """Look at the clock."""
        clock = self.parts.database.clock
        self._began = clock.now(), clock.steady()

    def now(self) -> datetime:
        """Return the time by which the run's work is counted: whoever sets the clock makes it no longer or shorter."""
        at, steady = self._began
        return at + timedelta(seconds=self.parts.database.clock.steady() - steady)

    @contextmanager
    def writing(self, *, progress: bool = False) -> Generator[tuple[Work, RunRow]]:
        """Open a unit of work on the run, as long as the lease is ours.

        Raises:
            LeaseLost: another worker has the run.
            RunGone: it is there no more.
        """
        outcome = self.outcome
        taking = Taking(self.lease)
        try:
            with self.together(self.lease.org_id, taking) as work:
                run = self._take(work, taking, progress=progress or outcome is not None)
                if outcome is not None:
                    outcome.write(work, run)
                yield work, run
        except BaseException as error:
            self._steps = None
            if not isinstance(error, LeaseLost):
                raise
            self.outcome = None
            if outcome is not None and outcome.pay is not None:
                with self.parts.database.writing(self.lease.org_id) as work:
                    outcome.pay(work)
            raise
        self._seen = run.last_event
        self.outcome = None

    def write_outcome(self) -> None:
        """Write what came of the last step, where no next one is begun.

        Raises:
            LeaseLost: another worker has the run.
        """
        if self.outcome is not None:
            with self.writing():
                pass

    def steps(self, work: Work, run: RunRow) -> list[StepRow]:
        """Return the steps of the run in their order, for a unit of work that `writing` has opened."""
        if self._steps is None:
            self._steps = steps_of(work, run.id)
        return list(self._steps)

    def step(self, work: Work, run: RunRow, step_id: str) -> StepRow:
        """Return a step of the run, for a unit of work that `writing` has opened."""
        return next(step for step in self.steps(work, run) if step.id == step_id)

    def begun(self, step: StepRow) -> StepRow:
        """Note that the run has got a step, and return it."""
        if self._steps is not None:
            self._steps.append(step)
        return step

    def _take(self, work: Work, taking: Taking, *, progress: bool) -> RunRow:
        """Take the run in hand, and those of its steps that are known, if they still are as they were.

        Nobody changes a step without an event, and the events of a run are counted.
        """
        run = taking.run
        if run is None:
            raise RunGone(f"There is no run {self.lease.subject}.")
        work.take([run])
        if progress and self.lease.has_failed:
            # With what is written here, not with what the transaction begins with: this may fail, and that not.
            self.parts.queue.hold(work, self.lease, progress=True)
        if self._steps is not None and self._seen == run.last_event:
            work.take(self._steps)
        else:
            self._steps = None
        return run

    def earlier(self, work: Work, run: RunRow) -> list[Journalled]:
        """Return the runs before this one. They are over, so a segment reads them once."""
        if self._earlier is None:
            self._earlier = _earlier(self.parts, work, run)
        return self._earlier


def load(segment: Segment, work: Work, run: RunRow) -> State:
    """Read what belongs to the run of a segment.

    Raises:
        NotFound: its person or its assistant is gone.
    """
    parts = segment.parts
    assistant = parts.assistants.get(run.assistant)
    return State(
        run=run,
        steps=segment.steps(work, run),
        earlier=segment.earlier(work, run),
        who=_person_of(parts, work, run),
        assistant=assistant,
        limits=both(parts.limits, assistant.limits),
    )


def _person_of(parts: Parts, work: Work, run: RunRow) -> Principal:
    """Return the person of a run, who is read once in a transaction however many runs of theirs are in it."""
    mine = (Principal, run.org_id, run.person_id)
    if mine not in work.known:
        work.known[mine] = parts.principals.principal(work, run.org_id, run.person_id)
    return work.known[mine]


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
