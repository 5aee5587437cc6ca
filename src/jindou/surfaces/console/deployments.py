"""The models that there are, and the engines behind them; managers add servers and take deployments away."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from jindou.errors import Conflict, Invalid
from jindou.models.deployments import DeploymentAsk
from jindou.surfaces.console.pages import page
from jindou.surfaces.door import platform_of, reading, signed_in, writing

__all__ = ["router"]

router = APIRouter()


@router.get("/deployments")
def list_deployments(request: Request) -> Response:
    """Show every deployment and engine, and to managers the form for a new one."""
    return _show(request)


@router.post("/deployments")
def create(
    request: Request,
    name: Annotated[str, Form()] = "",
    engine: Annotated[str, Form()] = "",
    model: Annotated[str, Form()] = "",
    url: Annotated[str, Form()] = "",
) -> Response:
    """Make a deployment of one engine; what stands in the way is said beside the form."""
    who = signed_in(request)
    given = {"name": name, "engine": engine, "model": model, "url": url}
    try:
        member = {"engine": engine, "model": model, "url": url}
        asked = DeploymentAsk.model_validate({"name": name, "members": [member]})
        with writing(request) as work:
            platform_of(request).deployments.create(work, who, asked)
    except (ValidationError, Invalid):
        return _show(request, status=422, trouble="unreadable", given=given)
    except Conflict:
        return _show(request, status=409, trouble="exists", given=given)
    return RedirectResponse("/deployments", status_code=303)


@router.post("/deployments/deletion")
def delete(request: Request, name: Annotated[str, Form()]) -> Response:
    """Take a deployment away."""
    who = signed_in(request)
    with writing(request) as work:
        platform_of(request).deployments.delete(work, who, name)
    return RedirectResponse("/deployments", status_code=303)


def _show(request: Request, *, status: int = 200, trouble: str = "", given: dict[str, str] | None = None) -> Response:
    who = signed_in(request)
    services = platform_of(request)
    with reading(request) as work:
        engines = services.deployments.engines(work, who)
        waiting = services.approvals.count_waiting(work, who)
    return page(
        request,
        "deployments.html",
        who=who,
        waiting=waiting,
        status=status,
        section="models",
        deployments=services.deployments.list(who.org_id),
        engines=engines,
        may_change=services.deployments.may_manage(who),
        given=given or {"name": "", "engine": "", "model": "", "url": ""},
        trouble=trouble,
    )
