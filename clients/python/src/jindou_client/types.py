"""What the server sends, typed. Fields that a newer server adds are ignored."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from jindou_client.key_types import Key, KeyStatus, NewKey
from jindou_client.model_types import Fit, Model, ModelPriceShown, Pull
from jindou_client.status_types import DemoReset, EngineStatus, ServerStatus

__all__ = [
    "Approval",
    "ApprovalStatus",
    "Assistant",
    "Attempt",
    "AuditEvent",
    "Change",
    "Conversation",
    "DemoReset",
    "EngineStatus",
    "EventType",
    "Example",
    "Finding",
    "Fit",
    "Key",
    "KeyStatus",
    "Limits",
    "MeterEvent",
    "Model",
    "ModelPriceShown",
    "Money",
    "NewKey",
    "Person",
    "Pull",
    "Quantities",
    "Rule",
    "Run",
    "RunDetail",
    "RunEvent",
    "RunStatus",
    "ServerStatus",
    "SessionToken",
    "SignInLink",
    "Statement",
    "StatementLine",
    "Step",
    "StepStatus",
    "Verification",
]

RunStatus = Literal["queued", "running", "waiting", "done", "refused", "failed", "cancelled"]
"""`done`: answered. `refused`: a rule said no. `failed`: it can't go on. The last four are final."""

StepStatus = Literal["started", "waiting", "done", "failed", "refused", "denied", "expired", "cancelled"]

ApprovalStatus = Literal["waiting", "approved", "denied", "expired", "withdrawn"]

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

_MICRO = 1_000_000


class Money(BaseModel):
    """An amount in integer micro-units of an ISO 4217 currency: 25.50 CNY is ``micro=25_500_000``."""

    model_config = ConfigDict(frozen=True)

    micro: int
    currency: str

    def __str__(self) -> str:  # pyright: ignore[reportImplicitOverride] - Python 3.11 has no `override`
        whole, rest = divmod(abs(self.micro), _MICRO)
        decimals = f"{rest:06d}".rstrip("0").ljust(2, "0")
        return f"{'-' if self.micro < 0 else ''}{whole}.{decimals} {self.currency}"


class Rule(BaseModel):
    """A rule that decided, with its reason by language."""

    id: str
    reason: dict[str, str]


class Quantities(BaseModel):
    """How much of each unit was used. Tokens of the prompt that came from the cache are not in `input_tokens`."""

    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    calls: int = 0


class Step(BaseModel):
    """One model call or one tool call of a run."""

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
    """One request of a person and everything that the assistant did for it."""

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

    @property
    def is_final(self) -> bool:
        """Whether the run is over."""
        return self.status in {"done", "refused", "failed", "cancelled"}


class RunDetail(Run):
    """A run with its journal. `last_event` is the number of its newest event: follow the stream from there."""

    journal: list[Step]
    last_event: int


class Change(BaseModel):
    """One line of a preview: `label` goes from `before` to `after`."""

    label: dict[str, str]
    before: str
    after: str


class Approval(BaseModel):
    """One call of a tool that waits until somebody else approves exactly this call."""

    id: str
    run_id: str
    step_id: str
    assistant: str
    tool: str
    tool_title: dict[str, str]
    risk: str
    arguments: dict[str, object]
    arguments_hash: str
    changes: list[Change]
    rules: list[Rule]
    cost: Money
    requested_by: str
    requested_by_name: str
    message: str
    status: ApprovalStatus
    created_at: datetime
    expires_at: datetime
    decided_by_name: str | None = None
    decided_at: datetime | None = None
    reason: str = ""
    can_decide: bool = False


class RunEvent(BaseModel):
    """One event of a run's stream. `seq` counts from 1 within the run; a ``text.delta`` is not kept and has seq 0.

    The text of a step that is tried again starts anew: drop what came with a lower ``data["attempt"]``.
    """

    seq: int
    run_id: str
    type: EventType
    at: datetime
    data: dict[str, object]

    @property
    def text(self) -> str:
        """The text of a ``text.delta``, else nothing."""
        return str(self.data.get("text", ""))

    @property
    def step(self) -> Step | None:
        """The step that the event is about, if it carries one."""
        return Step.model_validate(self.data["step"]) if "step" in self.data else None

    @property
    def approval(self) -> Approval | None:
        """The approval of an ``approval.requested``."""
        return Approval.model_validate(self.data["approval"]) if "approval" in self.data else None

    @property
    def run(self) -> Run | None:
        """The run of a ``run.finished``."""
        return Run.model_validate(self.data["run"]) if "run" in self.data else None


class Conversation(BaseModel):
    """A thread of runs. `title` is the start of the first message."""

    id: str
    assistant: str
    person_id: str
    title: str
    created_at: datetime
    updated_at: datetime


class Example(BaseModel):
    """A request that shows a person of a role what to ask."""

    role: str
    text: dict[str, str]


class Limits(BaseModel):
    """How far one run may go: `steps` in all, and `effects`, calls that changed something."""

    steps: int | None = None
    effects: int | None = None


class Assistant(BaseModel):
    """An assistant: what it is called, what it is for, and the tools it was given."""

    slug: str
    pack: str
    title: dict[str, str]
    description: dict[str, str]
    tools: list[str]
    examples: list[Example]
    instructions: str
    limits: Limits
    version: str


class MeterEvent(BaseModel):
    """One row of the ledger: one model call or one tool call."""

    id: str
    at: datetime
    sku: str
    person_id: str
    key_id: str
    assistant: str
    run_id: str
    step_id: str
    quantities: Quantities
    cost: Money


class Attempt(BaseModel):
    """A call through the gateway without a ledger row yet; it costs `worst` at most, which is held."""

    id: str
    at: datetime
    status: Literal["open", "unknown"]
    reason: str
    sku: str
    person_id: str
    key_id: str
    worst: Money


class StatementLine(BaseModel):
    """One row of a statement: everything of one `key`."""

    key: str
    label: str
    events: int
    quantities: Quantities
    cost: Money


class Statement(BaseModel):
    """What a period cost. Each grouping sums to `total`; `latest` holds the newest events first."""

    since: datetime
    until: datetime
    total: Money
    events: int
    by_sku: list[StatementLine]
    by_person: list[StatementLine]
    by_assistant: list[StatementLine]
    by_day: list[StatementLine]
    latest: list[MeterEvent]
    held: Money
    unsettled: list[Attempt]


class AuditEvent(BaseModel):
    """One link of the organisation's audit chain."""

    action: str
    resource: str
    decision: str
    rules: list[str] = []
    run_id: str = ""
    step_id: str = ""
    detail: dict[str, object] = {}
    org_id: str
    seq: int
    at: datetime
    actor: str
    on_behalf_of: str
    previous: str
    hash: str


class Finding(BaseModel):
    """Something wrong with the chain at `seq`: ``changed``, ``removed`` or ``inserted``."""

    seq: int
    kind: str
    message: str


class Verification(BaseModel):
    """The result of checking the chain from its first event to its head."""

    ok: bool
    events: int
    head: str
    findings: list[Finding]


class Person(BaseModel):
    """Somebody who works in the organisation."""

    id: str
    handle: str
    name: str
    title: dict[str, str]
    roles: list[str]
    language: str


class SessionToken(BaseModel):
    """A session that the local operator opened as a person; `token` goes into `Client(token=…)`."""

    token: str
    person: Person


class SignInLink(BaseModel):
    """A link that signs `person` in to the console, once."""

    url: str
    person: Person
