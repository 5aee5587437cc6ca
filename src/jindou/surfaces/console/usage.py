"""The bill: what was used, by whom, for how much; each day of it as a chart."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, get_args

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from jindou.billing.usage import DailyUse, UseGroup
from jindou.surfaces.console.languages import language_of
from jindou.surfaces.console.pages import page
from jindou.surfaces.console.texts import texts_in
from jindou.surfaces.door import platform_of, reading, signed_in

__all__ = ["router"]

router = APIRouter()

_PERIODS = (1, 7, 30, 90)


@router.get("/usage")
def show_bill(request: Request, days: Annotated[int, Query(ge=1, le=366)] = 30, by: UseGroup = "model") -> Response:
    """Show the bill of the last `days`, and each of them by model, person, key or assistant."""
    who = signed_in(request)
    services = platform_of(request)
    texts = texts_in(language_of(request, who))
    with reading(request) as work:
        statement = services.usage.statement(work, who, days=days)
        daily = services.usage.daily(work, who, by, days)
        waiting = services.approvals.count_waiting(work, who)
    return page(
        request,
        "usage.html",
        who=who,
        waiting=waiting,
        section="usage",
        statement=statement,
        daily=daily,
        rows=list(_rows(daily)),
        chart={"language": texts.language, "texts": texts.live(), "currency": daily.currency},
        groups=get_args(UseGroup),
        days=days,
        periods=_PERIODS,
        names={line.key: line.label for line in statement.by_person},
        titles={one.slug: texts.pick(one.title) for one in services.assistants.list_assistants()},
    )


def _rows(daily: DailyUse) -> Iterator[tuple[date, list[tuple[int, int]]]]:
    """Yield each day with the cost and the tokens of every series, and at the end of all together."""
    for at, day in enumerate(daily.days):
        cells = [(series.cost_micro[at], series.tokens[at]) for series in daily.series]
        yield day, [*cells, (sum(cost for cost, _ in cells), sum(tokens for _, tokens in cells))]
