"""`/api/approvals`: the inbox."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from jindou.agents.approvals import Approval, ApprovalStatus, Delegation, NewDelegation, Verdict
from jindou.identity.principals import Principal
from jindou.surfaces.deciding import Batch, Outcome, decide, decide_by_link, decide_each, look_afresh
from jindou.surfaces.door import platform_of, reading, signed_in, writing

__all__ = ["ApprovalLink", "router"]

router = APIRouter(prefix="/api/approvals", tags=["approvals"])
Who = Annotated[Principal, Depends(signed_in)]


class ApprovalLink(BaseModel):
    """A link with which somebody decides about a call once. Looking at `url` decides nothing."""

    id: str
    approval_id: str
    url: str
    expires_at: datetime


class LinkVerdict(BaseModel):
    """What is decided with a link, with the fields of `Verdict`. A denial needs a `reason`."""

    model_config = ConfigDict(extra="forbid")

    decision: Literal["approve", "deny"]
    reason: str = Field(default="", max_length=1000, pattern=r"^[^\x00]*$")
    facts_hash: str | None = Field(default=None, max_length=64, pattern=r"^[^\x00]*$")


@router.get("")
def list_approvals(
    request: Request,
    who: Who,
    status: ApprovalStatus | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    before: Annotated[str | None, Query(max_length=40, pattern=r"^[^\x00]*$")] = None,
) -> list[Approval]:
    """Return what one asked for or may decide, the newest first; older than approval `before`."""
    with reading(request) as work:
        found = platform_of(request).approvals.list_approvals(work, who, status, limit, before=before)
    return look_afresh(request, who.org_id, found)


@router.post("/decisions")
def decide_many(request: Request, who: Who, batch: Batch) -> Sequence[Outcome]:  # noqa: ARG001 - `who` must be there
    """Decide about many; each is decided, or not, by itself."""
    return decide_each(request, batch)


@router.get("/delegations")
def list_delegations(request: Request, who: Who) -> list[Delegation]:
    """Return the rights that one handed to others, and those that others handed to one."""
    with reading(request) as work:
        return platform_of(request).approvals.delegations.list_delegations(work, who)


@router.post("/delegations", status_code=201)
def delegate(request: Request, who: Who, new: NewDelegation) -> Delegation:
    """Hand one's right to decide to somebody else, for a time."""
    with writing(request) as work:
        return platform_of(request).approvals.delegations.create(work, who, new)


@router.post("/delegations/{delegation_id}/revocation")
def revoke(request: Request, who: Who, delegation_id: str) -> Delegation:
    """Take a right back; what was approved with it and has not begun does not count any more."""
    with writing(request) as work:
        return platform_of(request).approvals.delegations.revoke(work, who, delegation_id)


@router.post("/links/{token}")
def use_link(request: Request, token: str, verdict: LinkVerdict) -> Approval:
    """Decide with a signed link, without signing in: as its person, with the rights that they have now."""
    return decide_by_link(request, token, Verdict(**verdict.model_dump()))


@router.post("/{approval_id}/links", status_code=201)
def create_link(request: Request, who: Who, approval_id: str) -> ApprovalLink:
    """Make a link with which one decides about this call once, without signing in."""
    platform = platform_of(request)
    with writing(request) as work:
        link = platform.approvals.links.create(work, who, approval_id)
    return ApprovalLink(
        id=link.id,
        approval_id=link.approval_id,
        url=f"{platform.settings.browser_url}{link.path}",
        expires_at=link.expires_at,
    )


@router.get("/{approval_id}")
def get(request: Request, who: Who, approval_id: str) -> Approval:
    """Return one approval with its diff, and who may decide it."""
    with reading(request) as work:
        found = platform_of(request).approvals.get(work, who, approval_id)
    return look_afresh(request, who.org_id, [found])[0]


@router.get("/{approval_id}/alike")
def list_alike(request: Request, who: Who, approval_id: str) -> list[Approval]:
    """Return what one may decide now of the same kind: one assistant, one tool, the same rules."""
    with reading(request) as work:
        found = platform_of(request).approvals.list_alike(work, who, approval_id)
    return look_afresh(request, who.org_id, found)


@router.post("/{approval_id}/decision")
def decide_one(
    request: Request,
    who: Who,  # noqa: ARG001 - `who` must be there
    approval_id: str,
    verdict: Verdict,
) -> Approval:
    """Approve, with other arguments if they are given, or deny; the run that waits goes on."""
    return decide(request, approval_id, verdict)
