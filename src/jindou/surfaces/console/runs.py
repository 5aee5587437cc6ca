"""Runs: the list, and the timeline of each."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from jindou.surfaces.console.islands import run_state
from jindou.surfaces.console.languages import language_of
from jindou.surfaces.console.pages import page
from jindou.surfaces.console.texts import texts_in
from jindou.surfaces.door import platform_of, reading, signed_in

__all__ = ["router"]

router = APIRouter()

_PAGE = 50


@router.get("/runs")
def list_runs(request: Request, before: str | None = None) -> Response:
    """Show the newest runs that the viewer may see."""
    who = signed_in(request)
    services = platform_of(request)
    with reading(request) as work:
        runs = services.runs.list_runs(work, who, limit=_PAGE + 1, before=before)
        waiting = services.approvals.count_waiting(work, who)
    shown = runs[:_PAGE]
    older = shown[-1].id if len(runs) > _PAGE else ""
    return page(request, "runs.html", who=who, waiting=waiting, section="runs", runs=shown, older=older, before=before)


@router.get("/runs/{run_id}")
def show_run(request: Request, run_id: str) -> Response:
    """Show everything a run did, as it does it."""
    who = signed_in(request)
    services = platform_of(request)
    texts = texts_in(language_of(request, who))
    with reading(request) as work:
        run = services.runs.get(work, who, run_id)
        state = run_state(services.approvals, work, who, run)
        waiting = services.approvals.count_waiting(work, who)
    state |= {"language": texts.language, "texts": texts.live(), "own": run.person_id == who.person_id}
    return page(request, "run.html", who=who, waiting=waiting, section="runs", run=run, state=state)
