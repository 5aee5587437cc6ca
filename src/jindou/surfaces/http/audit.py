"""`/api/audit`: who did what, for whom, by which rule."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from jindou.identity.audit import AuditEvent, Verification
from jindou.identity.principals import Principal
from jindou.surfaces.door import MOST, platform_of, reading, signed_in

__all__ = ["router"]

router = APIRouter(prefix="/api/audit", tags=["audit"])
Who = Annotated[Principal, Depends(signed_in)]


@router.get("")
def list_events(
    request: Request,
    who: Who,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    before: Annotated[int | None, Query(ge=1, le=MOST)] = None,
) -> list[AuditEvent]:
    """Return the newest events first."""
    with reading(request) as work:
        return platform_of(request).audit.list_events(work, who, limit, before)


@router.get("/verification")
def verify(request: Request, who: Who) -> Verification:
    """Check the whole chain; findings name the events that were changed, removed or inserted."""
    with reading(request) as work:
        return platform_of(request).audit.verify(work, who)
