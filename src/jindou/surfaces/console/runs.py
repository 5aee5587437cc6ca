"""Runs: the list and its search, and the timeline of each."""

from collections.abc import Mapping
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from jindou.agents.runs import FINAL, RunSearch
from jindou.errors import Conflict
from jindou.surfaces.amounts import micro_of
from jindou.surfaces.console.asking import given_of, search_of
from jindou.surfaces.console.islands import run_state
from jindou.surfaces.console.languages import language_of
from jindou.surfaces.console.pages import page
from jindou.surfaces.console.texts import texts_in
from jindou.surfaces.door import platform_of, reading, signed_in, writing

__all__ = ["router"]

router = APIRouter()

_PAGE = 50
_STATUSES = ("queued", "running", "paused", "waiting", "done", "refused", "failed", "cancelled")


@router.get("/runs")
def list_runs(request: Request) -> Response:
    """Show the viewer's newest runs that fit what is asked for."""
    who = signed_in(request)
    services = platform_of(request)
    given = given_of(request)
    with reading(request) as work:
        runs = services.runs.search(work, who, _search(given))
        waiting = services.approvals.count_waiting(work, who)
    shown = runs[:_PAGE]
    before = given.pop("before", "")
    older = urlencode({**given, "before": shown[-1].id}) if len(runs) > _PAGE else ""
    return page(
        request,
        "runs.html",
        who=who,
        waiting=waiting,
        section="runs",
        runs=shown,
        older=older,
        before=before,
        newest=urlencode(given),
        asked=given,
        statuses=_STATUSES,
        assistants=services.assistants.list_assistants(),
    )


def _search(given: Mapping[str, str]) -> RunSearch:
    cost = {"least_cost_micro": micro_of(given["cost"], "cost")} if "cost" in given else {}
    return search_of(RunSearch, given, limit=_PAGE + 1, **cost)


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
    titles = {one.slug: texts.pick(one.title) for one in services.assistants.list_assistants()}
    state |= {"language": texts.language, "texts": texts.live(), "own": run.person_id == who.person_id}
    state["assistant"] = titles.get(run.assistant, run.assistant)
    undoable = run.person_id == who.person_id and run.undoes is None and run.status in FINAL
    return page(request, "run.html", who=who, waiting=waiting, section="runs", run=run, state=state, undoable=undoable)


@router.get("/runs/{run_id}/undo")
def show_undo(request: Request, run_id: str) -> Response:
    """Show what undoing a run would do, first what it can't."""
    return _undo_page(request, run_id)


@router.post("/runs/{run_id}/undo")
def undo(request: Request, run_id: str) -> Response:
    """Begin to undo a run, and show the run that does it."""
    who = signed_in(request)
    try:
        with writing(request) as work:
            begun = platform_of(request).runs.undo(work, who, run_id)
    except Conflict as error:
        trouble = error.code if error.code == "nothing_to_undo" else "not_over"
        return _undo_page(request, run_id, status=409, trouble=trouble)
    return RedirectResponse(f"/runs/{begun.id}", status_code=303)


def _undo_page(request: Request, run_id: str, *, status: int = 200, trouble: str = "") -> Response:
    who = signed_in(request)
    services = platform_of(request)
    with reading(request) as work:
        run = services.runs.get(work, who, run_id)
        plan = services.runs.plan_undo(work, who, run_id)
        waiting = services.approvals.count_waiting(work, who)
    return page(
        request,
        "undo.html",
        who=who,
        waiting=waiting,
        status=status,
        section="runs",
        run=run,
        plan=plan,
        trouble=trouble,
    )
