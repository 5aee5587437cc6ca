"""`/api/usage`: the bill."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from jindou.billing.usage import Statement
from jindou.identity.principals import Principal
from jindou.surfaces.door import platform_of, reading, signed_in

__all__ = ["router"]

router = APIRouter(prefix="/api/usage", tags=["usage"])


@router.get("")
def statement(
    request: Request,
    who: Annotated[Principal, Depends(signed_in)],
    days: Annotated[int, Query(ge=1, le=366)] = 30,
) -> Statement:
    """Return the bill of the last `days`: the organisation's for those who may see it, else one's own."""
    with reading(request) as work:
        return platform_of(request).usage.statement(work, who, days)
