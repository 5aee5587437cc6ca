"""`/api/approvals`: the inbox."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from jindou.agents.approvals import Approval, ApprovalStatus, Verdict
from jindou.identity.principals import Principal
from jindou.surfaces.door import platform_of, reading, signed_in, writing

__all__ = ["router"]

router = APIRouter(prefix="/api/approvals", tags=["approvals"])
Who = Annotated[Principal, Depends(signed_in)]


@router.get("")
def list_approvals(
    request: Request,
    who: Who,
    status: ApprovalStatus | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[Approval]:
    """Return what one asked for or may decide, the newest first."""
    with reading(request) as work:
        return platform_of(request).approvals.list_approvals(work, who, status, limit)


@router.get("/{approval_id}")
def get(request: Request, who: Who, approval_id: str) -> Approval:
    """Return one approval with its diff."""
    with reading(request) as work:
        return platform_of(request).approvals.get(work, who, approval_id)


@router.post("/{approval_id}/decision")
def decide(request: Request, who: Who, approval_id: str, verdict: Verdict) -> Approval:
    """Approve or deny; the run that waits goes on."""
    with writing(request) as work:
        return platform_of(request).approvals.decide(work, who, approval_id, verdict)
