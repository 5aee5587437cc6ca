"""A run, its steps and its events."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from jindou.agents.tools import Change
from jindou.billing.pricing import Money
from jindou.billing.usage import Quantities
from jindou.identity.policy import Rule

__all__ = [
    "EventType",
    "Run",
    "RunDetail",
    "RunEvent",
    "RunStatus",
    "StartRun",
    "Step",
    "StepStatus",
    "UndoItem",
    "UndoPlan",
]

_KEEPABLE = r"^[^\x00]*$"
"""Whole Unicode without NUL, which is what every database can keep."""

RunStatus = Literal["queued", "running", "waiting", "done", "refused", "failed", "cancelled"]
"""`done`: answered. `refused`: a rule said no. `failed`: it can't go on. The last four are final."""

StepStatus = Literal["started", "waiting", "done", "failed", "refused", "denied", "expired", "cancelled"]

EventType = Literal[
    "run.started",
    "run.resumed",
    "run.waiting",
    "run.finished",
    "run.notice",
    "step.started",
    "step.finished",
    "text.delta",
    "approval.requested",
    "approval.decided",
]


class StartRun(BaseModel):
    """What a person asks of an assistant; with `conversation_id`, as the next message of that conversation."""

    model_config = ConfigDict(extra="forbid")

    assistant: str = Field(default="after-sales", min_length=1, max_length=100, pattern=_KEEPABLE)
    message: str = Field(min_length=1, pattern=_KEEPABLE)
    conversation_id: str | None = Field(default=None, max_length=40, pattern=_KEEPABLE)


class Step(BaseModel):
    """One model call or one tool call, as the journal has it."""

    id: str
    n: int
    kind: Literal["model", "tool"]
    name: str
    title: dict[str, str]
    attempt: int
    status: StepStatus
    arguments: dict[str, object] | None = None
    result: dict[str, object] | None = None
    text: str | None = None
    error: str | None = None
    rules: list[Rule] = []
    approval_id: str | None = None
    quantities: Quantities
    cost: Money
    started_at: datetime
    finished_at: datetime | None = None


class Run(BaseModel):
    """One request of a person and everything that the assistant did for it. `undoes` names the run that it undoes."""

    id: str
    conversation_id: str
    assistant: str
    person_id: str
    person_name: str
    message: str
    status: RunStatus
    answer: str | None = None
    error: str | None = None
    rules: list[Rule] = []
    steps: int
    cost: Money
    created_at: datetime
    finished_at: datetime | None = None
    undoes: str | None = None


class RunDetail(Run):
    """A run with its journal. `last_event` is the number of its newest event: follow the stream from there."""

    journal: list[Step]
    last_event: int


class UndoItem(BaseModel):
    """One effect of a run, and whether it can be put back.

    `outcome`: ``can`` (it would be put back now), ``asks`` (somebody has to approve that), ``cannot`` (`reason` says
    why), ``undone`` (it has been). `changes` is what putting it back would change.
    """

    step_id: str
    n: int
    tool: str
    title: dict[str, str]
    arguments: dict[str, object]
    outcome: Literal["can", "asks", "cannot", "undone"]
    reason: dict[str, str] = {}
    changes: list[Change] = []


class UndoPlan(BaseModel):
    """What undoing a run would do: first what can't be put back, then the rest in the order in which it is done."""

    run_id: str
    items: list[UndoItem]

    @property
    def does_something(self) -> bool:
        """Whether there is an effect that can be put back."""
        return any(item.outcome in {"can", "asks"} for item in self.items)


class RunEvent(BaseModel):
    """One event of a run's stream. `seq` counts from 1 within the run; a ``text.delta`` is not kept and has seq 0."""

    seq: int
    run_id: str
    type: EventType
    at: datetime
    data: dict[str, object]
