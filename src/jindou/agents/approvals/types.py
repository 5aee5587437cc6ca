"""A call that waits for a person."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from jindou.agents.tools import Change
from jindou.billing.pricing import Money
from jindou.identity.policy import Rule

__all__ = ["Approval", "ApprovalStatus", "Verdict"]

ApprovalStatus = Literal["waiting", "approved", "denied", "expired", "withdrawn"]


class Approval(BaseModel):
    """One call of a tool that a rule lets through only if somebody else approves exactly this call.

    `arguments_hash` binds the approval to the arguments; `changes` is the diff of what will change; `cost` is what
    the run had cost when it asked. `can_decide` says whether the viewer may decide it now.
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


class Verdict(BaseModel):
    """What somebody decides. A denial needs a `reason`, which the assistant and the person who asked will read."""

    model_config = ConfigDict(extra="forbid")

    decision: Literal["approve", "deny"]
    reason: str = Field(default="", max_length=1000, pattern=r"^[^\x00]*$")
