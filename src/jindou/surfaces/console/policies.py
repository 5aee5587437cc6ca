"""The organisation's own rules: versions, what one changes, what it would have changed, and putting it in force."""

from typing import Annotated

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from jindou.agents.policies import PolicyActivation
from jindou.errors import Conflict, Forbidden, Invalid, JindouError
from jindou.surfaces.console.pages import page
from jindou.surfaces.door import platform_of, reading, recently_signed_in, signed_in, writing

__all__ = ["router"]

router = APIRouter()

Number = Annotated[int, Path(ge=0, le=2**31 - 1)]
_STATUS: tuple[tuple[type[JindouError], int], ...] = ((Forbidden, 403), (Conflict, 409), (Invalid, 422))


class OverForm(BaseModel):
    """Which version was in force when the page was made."""

    model_config = ConfigDict(extra="ignore")

    over: int = Field(ge=0, le=2**31 - 1)


@router.get("/policies")
def list_versions(request: Request) -> Response:
    """Show the versions, and which is in force."""
    return _list(request)


@router.get("/policies/{number}")
def show(request: Request, number: Number) -> Response:
    """Show what a version changes, and what it would have changed last week."""
    return _show(request, number)


@router.post("/policies/{number}/activation")
def activate(request: Request, number: Number, typed: Annotated[OverForm, Form()]) -> Response:
    """Put a version in force; what stands in the way is said on its page."""
    who = recently_signed_in(request)
    try:
        with writing(request) as work:
            platform_of(request).policies.activate(work, who, number, PolicyActivation(over=typed.over))
    except (Conflict, Forbidden, Invalid) as error:
        return _show(request, number, error)
    return RedirectResponse("/policies", status_code=303)


@router.post("/policies/rollback")
def roll_back(request: Request, typed: Annotated[OverForm, Form()]) -> Response:
    """Put in force again what was so before."""
    who = recently_signed_in(request)
    try:
        with writing(request) as work:
            platform_of(request).policies.roll_back(work, who, PolicyActivation(over=typed.over))
    except (Conflict, Forbidden, Invalid) as error:
        return _list(request, error)
    return RedirectResponse("/policies", status_code=303)


def _list(request: Request, trouble: JindouError | None = None) -> Response:
    who = signed_in(request)
    services = platform_of(request)
    with reading(request) as work:
        state = services.policies.state(work, who)
        waiting = services.approvals.count_waiting(work, who)
    return page(
        request,
        "policies.html",
        who=who,
        waiting=waiting,
        status=_status(trouble),
        section="policies",
        state=state,
        may_activate=services.policies.may_activate(who),
        trouble=trouble,
    )


def _show(request: Request, number: int, trouble: JindouError | None = None) -> Response:
    who = signed_in(request)
    services = platform_of(request)
    with reading(request) as work:
        version = services.policies.get(work, who, number)
        diff = services.policies.diff(work, who, number)
        shadow = services.policies.shadow(work, who, number)
        waiting = services.approvals.count_waiting(work, who)
    return page(
        request,
        "policy.html",
        who=who,
        waiting=waiting,
        status=_status(trouble),
        section="policies",
        version=version,
        diff=diff,
        shadow=shadow,
        may_activate=services.policies.may_activate(who),
        trouble=trouble,
    )


def _status(trouble: JindouError | None) -> int:
    return next((status for kind, status in _STATUS if isinstance(trouble, kind)), 200)
