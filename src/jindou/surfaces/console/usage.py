"""The bill: what was used, by whom, for how much."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from jindou.surfaces.console.pages import page
from jindou.surfaces.door import platform_of, reading, signed_in

__all__ = ["router"]

router = APIRouter()

_PERIODS = (1, 7, 30, 90)


@router.get("/usage")
def show_bill(request: Request, days: Annotated[int, Query(ge=1, le=366)] = 30) -> Response:
    """Show the bill of the last `days`."""
    who = signed_in(request)
    services = platform_of(request)
    with reading(request) as work:
        statement = services.usage.statement(work, who, days=days)
        waiting = services.approvals.count_waiting(work, who)
    return page(
        request,
        "usage.html",
        who=who,
        waiting=waiting,
        section="usage",
        statement=statement,
        days=days,
        periods=_PERIODS,
        names={line.key: line.label for line in statement.by_person},
    )
