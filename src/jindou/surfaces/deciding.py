"""Decisions: what they are for is looked at again first, since approving what has changed can only fail.

Of many at once each is a transaction of its own, so that one that fails keeps no other back.
"""

from collections.abc import Sequence
from typing import Literal

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field

from jindou.agents.approvals import Approval, ApprovalStatus, Foreseen, Verdict
from jindou.errors import Forbidden, JindouError
from jindou.identity.principals import Principal
from jindou.surfaces.door import platform_of, signed_in, writing

__all__ = ["Ballot", "Batch", "Outcome", "decide", "decide_by_link", "decide_each", "look_afresh"]

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
    """What became of one decision among many: how the approval stands now, or the error's code and words.

    `reasons` says by language what the rules say that refused.
    """

    approval_id: str
    status: ApprovalStatus | None = None
    code: str = ""
    detail: str = ""
    rules: list[str] = []
    reasons: dict[str, str] = {}


def look_afresh(request: Request, org_id: str, found: Sequence[Approval]) -> list[Approval]:
    """Return approvals with how those that wait stand now; to be asked outside of a unit of work."""
    platform = platform_of(request)
    return platform.approvals.afresh.look(platform.database, org_id, found)


def decide(request: Request, approval_id: str, verdict: Verdict) -> Approval:
    """Decide about one approval."""
    return _decide(request, approval_id, verdict, _foresee(request, signed_in(request), [approval_id], verdict))


def decide_each(request: Request, batch: Batch) -> Sequence[Outcome]:
    """Decide about every approval of `batch`, and say of each what became of it."""
    wanted = [ballot.approval_id for ballot in batch.approvals]
    verdict = Verdict(decision=batch.decision, reason=batch.reason)
    foreseen = _foresee(request, signed_in(request), wanted, verdict)
    return [_outcome(request, ballot, verdict, foreseen) for ballot in batch.approvals]


def decide_by_link(request: Request, token: str, verdict: Verdict) -> Approval:
    """Decide with a signed link, without signing in: as its person, with the rights that they have now."""
    platform = platform_of(request)
    links = platform.approvals.links
    claim = links.read(token, platform.database.clock)
    with platform.database.reading(claim.org_id) as work:
        who = links.person(work, claim)
    foreseen = _foresee(request, who, [claim.approval_id], links.verdict(claim, verdict))
    foreseen.require(claim.approval_id)
    with platform.database.writing(claim.org_id) as work:
        decided = links.decide(work, claim, verdict, foreseen)
    platform.worker.wake()
    return decided


def _foresee(request: Request, who: Principal, approval_ids: Sequence[str], verdict: Verdict) -> Foreseen:
    platform = platform_of(request)
    return platform.approvals.foresight.foresee(platform.database, who, approval_ids, verdict)


def _outcome(request: Request, ballot: Ballot, verdict: Verdict, foreseen: Foreseen) -> Outcome:
    seen = verdict.model_copy(update={"arguments_hash": ballot.arguments_hash})
    try:
        decided = _decide(request, ballot.approval_id, seen, foreseen)
    except JindouError as error:
        failed = Outcome(approval_id=ballot.approval_id, code=error.code, detail=error.message)
        if isinstance(error, Forbidden):
            failed.rules, failed.reasons = list(error.rules), error.reasons
        return failed
    return Outcome(approval_id=decided.id, status=decided.status)


def _decide(request: Request, approval_id: str, verdict: Verdict, foreseen: Foreseen) -> Approval:
    foreseen.require(approval_id)
    with writing(request) as work:
        return platform_of(request).approvals.decide(work, signed_in(request), approval_id, verdict, foreseen)
