"""What the server sends of approvals, typed."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from jindou_client.usage_types import Money

__all__ = [
    "Approval",
    "ApprovalLink",
    "ApprovalStatus",
    "Change",
    "Delegation",
    "Now",
    "Origin",
    "Outcome",
    "Rule",
    "Vote",
]

ApprovalStatus = Literal["waiting", "approved", "denied", "expired", "withdrawn"]


class Rule(BaseModel):
    """A rule that decided, with its reason by language, and how many people must approve what it holds back."""

    id: str
    reason: dict[str, str]
    approvers: int = 1


class Change(BaseModel):
    """One line of a preview: `label` goes from `before` to `after`."""

    label: dict[str, str]
    before: str
    after: str


class Origin(BaseModel):
    """Where the value of an argument comes from; `step` is the number of the step whose result had it."""

    source: Literal["person", "record", "tool", "approver", "model"]
    step: int | None = None


class Vote(BaseModel):
    """Somebody's yes to exactly these arguments. `right_of` is whose right it was."""

    person_id: str
    person_name: str
    right_of: str
    right_of_name: str
    arguments_hash: str
    at: datetime


class Now(BaseModel):
    """How a call that waits stands by now. `moved`: it can only be approved as it is now, by `facts_hash`.

    `void`: it can't be approved at all.

    `changes` is the diff where it is another now, `problem` why the call can't be made any more, and `rules` are those
    that refuse it to who asked.
    """

    state: Literal["same", "changed", "moved", "void", "unknown"]
    facts_hash: str = ""
    changes: list[Change] = []
    problem: str = ""
    rules: list[Rule] = []


class Approval(BaseModel):
    """One call of a tool that waits until others approve exactly this call.

    `needed` different people must approve, `votes` have. `estimate` is what the rest of the run costs at most.
    `deciders` are told of an approval that is looked at alone. `alike` is the same for calls of one kind. `now` is told
    of what waits, where it is looked at. `decided_for_name` says whose right it was, where that was handed on.
    """

    id: str
    run_id: str
    step_id: str
    assistant: str
    tool: str
    tool_title: dict[str, str]
    risk: str
    arguments: dict[str, object]
    arguments_hash: str
    origins: dict[str, Origin] = {}
    changes: list[Change]
    rules: list[Rule]
    cost: Money
    estimate: Money
    requested_by: str
    requested_by_name: str
    message: str
    status: ApprovalStatus
    needed: int = 1
    votes: list[Vote] = []
    alike: str = ""
    created_at: datetime
    expires_at: datetime
    decided_by_name: str | None = None
    decided_for_name: str | None = None
    decided_at: datetime | None = None
    reason: str = ""
    asked_arguments: dict[str, object] = {}
    edited_by_name: str | None = None
    can_decide: bool = False
    deciders: list[str] = []
    now: Now | None = None


class Outcome(BaseModel):
    """What became of one decision among many: how the approval stands now, or the error's code and words.

    `reasons` says by language what the rules say that refused.
    """

    approval_id: str
    status: ApprovalStatus | None = None
    code: str = ""
    detail: str = ""
    rules: list[str] = []
    reasons: dict[str, str] = {}


class ApprovalLink(BaseModel):
    """A link with which somebody decides about a call once. Looking at `url` decides nothing."""

    id: str
    approval_id: str
    url: str
    expires_at: datetime


class Delegation(BaseModel):
    """A right to decide that somebody handed to somebody else. `is_active` says whether it holds now."""

    id: str
    from_id: str
    from_name: str
    to_id: str
    to_name: str
    assistant: str | None
    tool: str | None
    starts_at: datetime
    ends_at: datetime
    created_at: datetime
    revoked_at: datetime | None
    is_active: bool
