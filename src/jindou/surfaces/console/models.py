"""The models of this machine: which work, which could, and fetching, serving, stopping and removing them."""

from dataclasses import dataclass
from typing import Literal, get_args

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from jindou.db import Work
from jindou.errors import Conflict, JindouError, NotFound, Unavailable
from jindou.identity.principals import Principal
from jindou.models.catalogue import Model, Pull
from jindou.models.deployments import Deployment, EngineView
from jindou.surfaces.console.pages import fragment, page
from jindou.surfaces.door import platform_of, reading, signed_in, writing
from jindou.surfaces.problems import problem_of

__all__ = ["router"]

router = APIRouter()

Kind = Literal["chat", "coder", "embedding", "reranker"]
Verb = Literal["pull", "stop-pull", "serve", "stop", "remove"]
WorkState = Literal["ready", "starting", "stopped", "unreachable"]

_KINDS = get_args(Kind)
_COMING = frozenset({"starting", "restarting"})


@dataclass(frozen=True, slots=True)
class AtWork:
    """A deployment, and how its engines are. `speed` is in tokens a second; None if nobody asked it yet."""

    deployment: Deployment
    state: WorkState
    memory: int
    under_way: int
    waiting: int
    speed: float | None
    can_stop: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A model of the catalogue, and its pull if there was one since the server started."""

    model: Model
    pull: Pull | None

    @property
    def is_coming(self) -> bool:
        """Whether it is being fetched."""
        return self.pull is not None and self.pull.state == "running"

    @property
    def is_here(self) -> bool:
        """Whether anything of it is on this machine, at work or on its way."""
        return self.model.state != "absent" or self.model.served or self.is_coming

    @property
    def can_serve(self) -> bool:
        """Whether it could be asked by its name."""
        return self.model.state == "here" and not self.model.served and self.model.answers


@router.get("/models")
def list_models(request: Request, kind: Kind | None = None) -> Response:
    """Show what works, what is here, and what can be had."""
    return _show(request, kind)


@router.get("/models/work")
def show_work(request: Request) -> Response:
    """Show again what works, as the page asks every few seconds."""
    who = signed_in(request)
    with reading(request) as work:
        at_work = _at_work(request, work, who)
    return fragment(request, "parts/models_work.html", who=who, at_work=at_work)


@router.get("/models/{name}/row")
def show_row(request: Request, name: str) -> Response:
    """Show one model again, as the page asks while it is fetched."""
    who = signed_in(request)
    row = _row(request, who, platform_of(request).models.get(who, name))
    may = platform_of(request).models.may_manage(who)
    return fragment(request, "parts/model_row.html", who=who, row=row, may=may)


@router.post("/models/{name}/{verb}")
def change(request: Request, name: str, verb: Verb) -> Response:
    """Fetch, serve, stop or remove a model; what stands in the way is said on the page."""
    who = signed_in(request)
    models = platform_of(request).models
    verbs = {
        "pull": models.pull,
        "stop-pull": models.stop_pull,
        "serve": models.serve,
        "stop": models.stop_serving,
        "remove": models.remove,
    }
    try:
        with writing(request) as work:
            verbs[verb](work, who, name)
    except (Conflict, Unavailable) as error:
        return _show(request, None, trouble=error)
    return RedirectResponse("/models", status_code=303)


def _show(request: Request, kind: Kind | None, trouble: JindouError | None = None) -> Response:
    who = signed_in(request)
    services = platform_of(request)
    rows = [_row(request, who, model) for model in services.models.list_models(who)]
    with reading(request) as work:
        at_work = _at_work(request, work, who)
        waiting = services.approvals.count_waiting(work, who)
    return page(
        request,
        "models.html",
        who=who,
        waiting=waiting,
        status=problem_of(trouble).status if trouble else 200,
        section="models",
        at_work=at_work,
        present=[row for row in rows if row.is_here],
        others=[row for row in rows if not row.is_here and kind in {None, row.model.kind}],
        free=rows[0].model.fit if rows else None,
        on_disk=sum(row.model.have_bytes for row in rows),
        kinds=_KINDS,
        kind=kind,
        may=services.models.may_manage(who),
        trouble=trouble,
    )


def _row(request: Request, who: Principal, model: Model) -> Row:
    try:
        pull = platform_of(request).models.get_pull(who, model.name)
    except NotFound:
        pull = None
    return Row(model, pull)


def _at_work(request: Request, work: Work, who: Principal) -> list[AtWork]:
    services = platform_of(request)
    engines = {engine.engine: engine for engine in services.deployments.engines(work, who)}
    speeds = services.gateway.metrics.requests.speeds()
    may = services.deployments.may_manage(who)
    return [
        _working(deployment, engines, speeds.get(deployment.name), may=may)
        for deployment in services.deployments.list(who.org_id)
    ]


def _working(deployment: Deployment, engines: dict[str, EngineView], speed: float | None, *, may: bool) -> AtWork:
    views = [engines[member.engine_id] for member in deployment.members if member.engine_id in engines]
    (first, *rest) = deployment.members
    return AtWork(
        deployment=deployment,
        state=_state(views),
        memory=sum(view.rss_bytes or 0 for view in views),
        under_way=sum(view.under_way for view in views),
        waiting=sum(view.waiting for view in views),
        speed=speed,
        can_stop=may and not rest and first.is_local and first.model == deployment.name and not deployment.is_standing,
    )


def _state(views: list[EngineView]) -> WorkState:
    """Return how a deployment is: as well as the best of its engines."""
    states = {view.state for view in views}
    if "ready" in states:
        return "ready"
    if states & _COMING:
        return "starting"
    return "stopped" if "stopped" in states else "unreachable"
