"""Where the organisation is told of its approvals, for its administrators."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from jindou.agents.webhooks import NewWebhook
from jindou.errors import Invalid
from jindou.surfaces.console.pages import page
from jindou.surfaces.door import platform_of, reading, recently_signed_in, signed_in, writing

__all__ = ["router"]

router = APIRouter(prefix="/webhooks")


@router.get("")
def show(request: Request) -> Response:
    """Show where, and a form to say it."""
    return _show(request)


@router.post("")
def put(request: Request, url: Annotated[str, Form()] = "") -> Response:
    """Say where, and show the new secret this once; what stands in the way is said beside the form."""
    who = recently_signed_in(request)
    try:
        made = platform_of(request).webhooks.put(who, NewWebhook(url=url.strip()))
    except (ValidationError, Invalid):
        return _show(request, typed=url, status=422)
    return _show(request, secret=made.secret)


@router.post("/removal")
def remove(request: Request) -> Response:
    """Have the organisation told no more."""
    who = recently_signed_in(request)
    with writing(request) as work:
        platform_of(request).webhooks.remove(work, who)
    return RedirectResponse("/webhooks", status_code=303)


def _show(request: Request, *, typed: str | None = None, secret: str = "", status: int = 200) -> Response:
    who = signed_in(request)
    services = platform_of(request)
    with reading(request) as work:
        webhooks = services.webhooks.list_webhooks(work, who)
        waiting = services.approvals.count_waiting(work, who)
    return page(
        request,
        "webhooks.html",
        who=who,
        waiting=waiting,
        status=status,
        section="webhooks",
        webhooks=webhooks,
        typed=typed,
        secret=secret,
    )
