"""Many decisions at once. Each is a transaction of its own, so that one that fails keeps no other back."""

from collections.abc import Sequence
from typing import Literal

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field

from jindou.agents.approvals import ApprovalStatus, Verdict
from jindou.errors import Forbidden, JindouError
from jindou.surfaces.door import platform_of, signed_in, writing

__all__ = ["Ballot", "Batch", "Outcome", "decide_each"]

_TEXT = r"^[^\x00]*$"


class Ballot(BaseModel):
    """An approval, and the arguments it had when it was looked at."""

    model_config = ConfigDict(extra="forbid")

    approval_id: str = Field(max_length=40, pattern=_TEXT)
    arguments_hash: str | None = Field(default=None, max_length=64, pattern=_TEXT)


class Batch(BaseModel):
    """One decision about many approvals."""

    model_config = ConfigDict(extra="forbid")

    approvals: list[Ballot] = Field(min_length=1, max_length=200)
    decision: Literal["approve", "deny"]
    reason: str = Field(default="", max_length=1000, pattern=_TEXT)


class Outcome(BaseModel):
    """What became of one decision among many: how the approval stands now, or the error's code and words."""

    approval_id: str
    status: ApprovalStatus | None = None
    code: str = ""
    detail: str = ""
    rules: list[str] = []


def decide_each(request: Request, batch: Batch) -> Sequence[Outcome]:
    """Decide about every approval of `batch`, and say of each what became of it."""
    return [_decide(request, ballot, batch) for ballot in batch.approvals]


def _decide(request: Request, ballot: Ballot, batch: Batch) -> Outcome:
    verdict = Verdict(decision=batch.decision, reason=batch.reason, arguments_hash=ballot.arguments_hash)
    who = signed_in(request)
    try:
        with writing(request) as work:
            decided = platform_of(request).approvals.decide(work, who, ballot.approval_id, verdict)
    except JindouError as error:
        rules = list(error.rules) if isinstance(error, Forbidden) else []
        return Outcome(approval_id=ballot.approval_id, code=error.code, detail=error.message, rules=rules)
    return Outcome(approval_id=decided.id, status=decided.status)
