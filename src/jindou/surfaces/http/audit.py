"""`/api/audit`: who did what, for whom, by which rule."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from jindou.identity.audit import AuditEvent, AuditSearch, Verification
from jindou.identity.principals import Principal
from jindou.surfaces.door import platform_of, reading, signed_in

__all__ = ["router"]

router = APIRouter(prefix="/api/audit", tags=["audit"])
Who = Annotated[Principal, Depends(signed_in)]


@router.get("")
def search(request: Request, who: Who, asked: Annotated[AuditSearch, Query()]) -> list[AuditEvent]:
    """Return the events that fit, the newest first; without a filter, all of them."""
    with reading(request) as work:
        return platform_of(request).audit.search(work, who, asked)


@router.get("/verification")
def verify(request: Request, who: Who) -> Verification:
    """Check the whole chain; findings name the events that were changed, removed or inserted."""
    with reading(request) as work:
        return platform_of(request).audit.verify(work, who)
