"""`/api/usage`: the bill."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from jindou.billing.pricing import Money
from jindou.billing.usage import DailyUse, Reconciliation, Statement, UseGroup
from jindou.identity.principals import Principal
from jindou.surfaces.door import platform_of, reading, signed_in, writing

__all__ = ["router"]

router = APIRouter(prefix="/api/usage", tags=["usage"])
Who = Annotated[Principal, Depends(signed_in)]
Days = Annotated[int, Query(ge=1, le=366)]


@router.get("")
def statement(
    request: Request,
    who: Who,
    days: Days = 30,
) -> Statement:
    """Return the bill of the last `days`: the organisation's for those who may see it, else one's own."""
    with reading(request) as work:
        return platform_of(request).usage.statement(work, who, days)


@router.get("/daily")
def daily(request: Request, who: Who, by: UseGroup = "model", days: Days = 30) -> DailyUse:
    """Return what each of the last `days` cost and used, by group, for whom `statement` would tell it."""
    with reading(request) as work:
        return platform_of(request).usage.daily(work, who, by, days)


@router.post("/attempts/{attempt_id}/reconcile")
def reconcile(request: Request, who: Who, attempt_id: str, found: Reconciliation) -> Money:
    """Settle a call of which nobody knew what it used, by figures that a person has found; return its cost."""
    with writing(request) as work:
        return platform_of(request).usage.reconcile(work, who, attempt_id, found)
