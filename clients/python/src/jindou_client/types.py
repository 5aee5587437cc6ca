"""What the server sends, typed. Fields that a newer server adds are ignored."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from jindou_client.account_types import Account, AccountRules, Enrolment, Passkey, RecoveryCodes
from jindou_client.approval_types import (
    Approval,
    ApprovalLink,
    ApprovalStatus,
    Change,
    Delegation,
    Now,
    Origin,
    Outcome,
    Rule,
    Vote,
)
from jindou_client.assistant_types import Assistant, Example, Limits
from jindou_client.audit_types import AuditEvent, Finding, Verification
from jindou_client.budget_types import Budget, BudgetMinute, BudgetMonth, BudgetScope
from jindou_client.decision_types import Answer, PersonRights, Source, ToolCondition, ToolRight, Verb
from jindou_client.deployment_types import Deployment, EngineView, Member
from jindou_client.directory_types import Organisation, Profile, ProfileKind, Team, TeamName, TeamPlace
from jindou_client.key_types import Key, KeyScope, KeyStatus, NewKey
from jindou_client.model_types import Fit, Model, ModelPriceShown, Pull
from jindou_client.policy_types import (
    PolicyChange,
    PolicyCheck,
    PolicyDetail,
    PolicyDiff,
    PolicyProblem,
    PolicyRule,
    PolicyShadow,
    PolicyState,
    PolicyTrial,
    PolicyVersion,
    ShadowChange,
    ShadowExample,
)
from jindou_client.reading_types import Reading, ReadingPolicy
from jindou_client.secret_types import Rewrapping, SecretOwner, SecretStatus, StoredSecret
from jindou_client.session_types import BreakGlass, Person, Session, SessionToken, SignInLink
from jindou_client.sso_types import ExternalIdentity, LinksBy, Provider, ProviderCheck
from jindou_client.status_types import DemoReset, EngineStatus, ServerStatus
from jindou_client.usage_types import (
    Attempt,
    DailySeries,
    DailyUse,
    MeterEvent,
    Money,
    Quantities,
    Statement,
    StatementLine,
)
from jindou_client.webhook_types import Webhook, WebhookSecret

__all__ = [
    "Account",
    "AccountRules",
    "Answer",
    "Approval",
    "ApprovalLink",
    "ApprovalStatus",
    "Assistant",
    "Attempt",
    "AuditEvent",
    "BreakGlass",
    "Budget",
    "BudgetMinute",
    "BudgetMonth",
    "BudgetScope",
    "Change",
    "Conversation",
    "DailySeries",
    "DailyUse",
    "Delegation",
    "DemoReset",
    "Deployment",
    "EngineStatus",
    "EngineView",
    "Enrolment",
    "EventType",
    "Example",
    "Explanation",
    "ExternalIdentity",
    "Finding",
    "Fit",
    "Key",
    "KeyScope",
    "KeyStatus",
    "LimitUse",
    "Limits",
    "LinksBy",
    "Member",
    "MeterEvent",
    "Model",
    "ModelPriceShown",
    "Money",
    "NewKey",
    "Now",
    "Organisation",
    "Origin",
    "Outcome",
    "Passkey",
    "Person",
    "PersonRights",
    "PolicyChange",
    "PolicyCheck",
    "PolicyDetail",
    "PolicyDiff",
    "PolicyProblem",
    "PolicyRule",
    "PolicyShadow",
    "PolicyState",
    "PolicyTrial",
    "PolicyVersion",
    "Profile",
    "ProfileKind",
    "Provider",
    "ProviderCheck",
    "Pull",
    "Quantities",
    "ReadConversation",
    "Reading",
    "ReadingPolicy",
    "RecoveryCodes",
    "Rewrapping",
    "Rule",
    "Run",
    "RunDetail",
    "RunEvent",
    "RunStatus",
    "SecretOwner",
    "SecretStatus",
    "ServerStatus",
    "Session",
    "SessionToken",
    "ShadowChange",
    "ShadowExample",
    "SignInLink",
    "Source",
    "Statement",
    "StatementLine",
    "Step",
    "StepStatus",
    "StoredSecret",
    "Team",
    "TeamName",
    "TeamPlace",
    "TookEffect",
    "ToolCondition",
    "ToolRight",
    "UndoItem",
    "UndoPlan",
    "Verb",
    "Verification",
    "Vote",
    "Webhook",
    "WebhookSecret",
]

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


class Step(BaseModel):
    """One model call, one tool call, one message of a person or one compaction in a run.

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

    @property
    def is_final(self) -> bool:
        """Whether the run is over."""
        return self.status in {"done", "refused", "failed", "cancelled"}


class LimitUse(BaseModel):
    """How much of one limit a run has used: of its steps, its tokens, its cost in micro-units, its seconds at work."""

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


class ReadConversation(BaseModel):
    """A conversation of somebody else as it was read: its runs, the oldest first."""

    reading: Reading
    runs: list[RunDetail]


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


class Explanation(BaseModel):
    """Why a run is where it is, and what would move it on: plain sentences by language.

    `until` is when that ends by itself, if it does.
    """

    run_id: str
    status: RunStatus
    code: str
    why: dict[str, str]
    next: dict[str, str]
    until: datetime | None = None


class Conversation(BaseModel):
    """A thread of runs. `title` is the start of the first message; `branched_from` is the run whose past it shares."""

    id: str
    assistant: str
    person_id: str
    title: str
    branched_from: str | None = None
    created_at: datetime
    updated_at: datetime
