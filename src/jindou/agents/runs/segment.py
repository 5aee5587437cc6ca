"""What a segment works with, and what it has read from the journal."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from jindou.agents.approvals import Approvals
from jindou.agents.assistants import Assistant, Assistants
from jindou.agents.runs.fold import Journalled
from jindou.agents.runs.journal import Journal
from jindou.agents.runs.stream import Stream
from jindou.agents.runs.tables import RunRow, StepRow
from jindou.agents.tools import Doorway, Tool
from jindou.db import Database, Work
from jindou.durable.queue import Lease, Queue
from jindou.identity.audit import Audit
from jindou.identity.principals import Principal, Principals
from jindou.models.deployments import Deployments

__all__ = ["FINAL", "OUTCOME_UNKNOWN", "Parts", "State", "has_had_its_effects", "load", "steps_of"]

FINAL = frozenset({"done", "refused", "failed", "cancelled"})
"""The statuses that a run does not leave."""

OUTCOME_UNKNOWN = "This was begun and never ended: look whether it took effect."

_HISTORY_RUNS = 3
"""Runs of the conversation that the model is shown before the one at work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The rooms that a run needs, and its limits. `model` is the deployment that runs ask."""

    database: Database
    queue: Queue
    journal: Journal
    stream: Stream
    doorway: Doorway
    approvals: Approvals
    assistants: Assistants
    principals: Principals
    audit: Audit
    deployments: Deployments
    model: str
    context_tokens: int
    max_steps: int
    answer_max_tokens: int


@dataclass(frozen=True, slots=True)
class State:
    """A run as the journal has it now, with the rights that its person has now."""

    run: RunRow
    steps: list[StepRow]
    earlier: list[Journalled]
    who: Principal
    assistant: Assistant


def load(parts: Parts, lease: Lease) -> State:
    """Read the run of a lease.

    Raises:
        NotFound: its person or its assistant is gone.
    """
    with parts.database.reading(lease.org_id) as work:
        run = work.session.get_one(RunRow, lease.subject)
        earlier = (
            select(RunRow)
            .where(RunRow.conversation_id == run.conversation_id, RunRow.id < run.id)
            .order_by(RunRow.id.desc())
            .limit(_HISTORY_RUNS)
        )
        return State(
            run=run,
            steps=steps_of(work, run.id),
            earlier=[(past, steps_of(work, past.id)) for past in reversed(work.session.scalars(earlier).all())],
            who=parts.principals.principal(work, run.org_id, run.person_id),
            assistant=parts.assistants.get(run.assistant),
        )


def steps_of(work: Work, run_id: str) -> list[StepRow]:
    """Return the steps of a run in their order."""
    return list(work.session.scalars(select(StepRow).where(StepRow.run_id == run_id).order_by(StepRow.n)))


def has_had_its_effects(state: State, tools: Sequence[Tool]) -> bool:
    """Say whether the run has changed as much as its assistant may change in one run; then it can only answer."""
    most = state.assistant.limits.effects
    effects = {tool.name for tool in tools if tool.risk != "read"}
    return most is not None and sum(s.status == "done" and s.name in effects for s in state.steps) >= most
