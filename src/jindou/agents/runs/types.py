"""A run, its steps and its events."""

from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from jindou.agents.tools import Change
from jindou.billing.pricing import Money
from jindou.billing.usage import Quantities
from jindou.identity.policy import Rule

__all__ = [
    "EventType",
    "Explanation",
    "LimitUse",
    "Run",
    "RunDetail",
    "RunEvent",
    "RunSearch",
    "RunStatus",
    "StartRun",
    "Step",
    "StepStatus",
    "TookEffect",
    "UndoItem",
    "UndoPlan",
]

_KEEPABLE = r"^[^\x00]*$"
"""Whole Unicode without NUL, which is what every database can keep."""

RunStatus = Literal["queued", "running", "paused", "waiting", "done", "refused", "failed", "cancelled"]
"""`done`: answered. `refused`: a rule said no. `failed`: it can't go on. The last four are final."""

StepStatus = Literal[
    "started",
    "waiting",
    "interrupted",
    "done",
    "failed",
    "refused",
    "denied",
    "expired",
    "cancelled",
    "superseded",
]
"""`interrupted`: broken off by a pause; it is done again. `superseded`: an earlier step was retried instead."""

TookEffect = Literal["yes", "no", "unknown"]


EventType = Literal[
    "run.started",
    "run.resumed",
    "run.control",
    "run.paused",
    "run.waiting",
    "run.finished",
    "run.notice",
    "step.started",
    "step.finished",
    "step.late",
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
    """One model call, one tool call, one message of a person or one compaction, as the journal has it.

    `took_effect` says of a tool whose end the run did not wait for whether it has changed anything. `copied_from` is
    the step of another run whose facts a branch took over; its cost stands there. A compaction's `text` is its summary,
    and its `result` the facts beside it and what they stand for.
    """

    id: str
    n: int
    kind: Literal["model", "tool", "message", "compaction"]
    name: str
    title: dict[str, str]
    attempt: int
    status: StepStatus
    arguments: dict[str, object] | None = None
    result: dict[str, object] | None = None
    text: str | None = None
    error: str | None = None
    took_effect: TookEffect | None = None
    by: str | None = None
    rules: list[Rule] = []
    approval_id: str | None = None
    copied_from: str | None = None
    quantities: Quantities
    cost: Money
    started_at: datetime
    finished_at: datetime | None = None


class Run(BaseModel):
    """One request of a person and everything that the assistant did for it.

    `branched_from` is the run whose journal it shares up to step `branched_step`; `undoes` is the run that it undoes.
    """

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
    tokens: int
    cost: Money
    branched_from: str | None = None
    branched_step: int | None = None
    created_at: datetime
    finished_at: datetime | None = None
    undoes: str | None = None


class LimitUse(BaseModel):
    """How much of one limit a run has used; `most` is None where there is none.

    `kind` is ``steps``, ``tokens``, ``cost`` in micro-units, or ``seconds`` at work, without its waits.
    """

    kind: Literal["steps", "tokens", "cost", "seconds"]
    used: int
    most: int | None = None


class RunDetail(Run):
    """A run with its journal. `last_event` is the number of its newest event: follow the stream from there.

    `model_seconds` and `tool_seconds` are how long one model call and one tool call may take. `undone_by` is the run
    that undid it, if one did.
    """

    limits: list[LimitUse]
    model_seconds: int
    tool_seconds: int
    journal: list[Step]
    last_event: int
    undone_by: str | None = None


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


class RunSearch(BaseModel):
    """Which of one's own runs to find: all of what is given has to fit. Only runs older than run `before` are found."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(default="", max_length=200, pattern=_KEEPABLE)
    assistant: str = Field(default="", max_length=100, pattern=_KEEPABLE)
    status: RunStatus | None = None
    tool: str = Field(default="", max_length=120, pattern=_KEEPABLE)
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    least_cost_micro: int | None = Field(default=None, ge=0, le=2**63 - 1)
    before: str | None = Field(default=None, max_length=40, pattern=_KEEPABLE)
    limit: int = Field(default=50, ge=1, le=200)


class Explanation(BaseModel):
    """Why a run is where it is, and what would move it on: plain sentences by language.

    `code` names the situation for a program; `until` is when it ends by itself, if it does.
    """

    run_id: str
    status: RunStatus
    code: str
    why: dict[str, str]
    next: dict[str, str]
    until: datetime | None = None
