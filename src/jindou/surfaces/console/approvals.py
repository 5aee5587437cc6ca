"""The inbox: what waits for a person's decision. Plain forms, so that deciding needs no script."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from jindou.agents.approvals import Verdict
from jindou.errors import Conflict, Invalid
from jindou.surfaces.console.pages import fragment, page
from jindou.surfaces.door import platform_of, reading, signed_in, writing

__all__ = ["router"]

router = APIRouter()


@router.get("/approvals")
def list_approvals(request: Request) -> Response:
    """Show what waits, and below it what was decided."""
    who = signed_in(request)
    services = platform_of(request)
    with reading(request) as work:
        approvals = services.approvals.list_approvals(work, who)
        waiting = services.approvals.count_waiting(work, who)
    return page(
        request,
        "approvals.html",
        who=who,
        waiting=waiting,
        section="approvals",
        open=[approval for approval in approvals if approval.status == "waiting"],
        closed=[approval for approval in approvals if approval.status != "waiting"],
    )


@router.get("/approvals/badge")
def show_badge(request: Request) -> Response:
    """Show how many wait for the viewer; the navigation asks every few seconds."""
    who = signed_in(request)
    with reading(request) as work:
        waiting = platform_of(request).approvals.count_waiting(work, who)
    return fragment(request, "parts/badge.html", who=who, waiting=waiting)


@router.get("/approvals/{approval_id}")
def show_approval(request: Request, approval_id: str) -> Response:
    """Show one request for approval."""
    return _show(request, approval_id)


@router.post("/approvals/{approval_id}")
def decide(
    request: Request,
    approval_id: str,
    decision: Annotated[str, Form()],
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Approve or deny; what stands in the way is said on the page, and the reason is still in its box."""
    who = signed_in(request)
    try:
        verdict = Verdict.model_validate({"decision": decision, "reason": reason})
        with writing(request) as work:
            platform_of(request).approvals.decide(work, who, approval_id, verdict)
    except ValidationError:
        return _show(request, approval_id, status=422, reason=reason, trouble="unreadable")
    except Invalid:
        return _show(request, approval_id, status=422, reason=reason, trouble="reason")
    except Conflict:
        return _show(request, approval_id, status=409, reason=reason, trouble="decided")
    return RedirectResponse(f"/approvals/{approval_id}", status_code=303)


def _show(request: Request, approval_id: str, *, status: int = 200, reason: str = "", trouble: str = "") -> Response:
    who = signed_in(request)
    services = platform_of(request)
    with reading(request) as work:
        approval = services.approvals.get(work, who, approval_id)
        waiting = services.approvals.count_waiting(work, who)
    return page(
        request,
        "approval.html",
        who=who,
        waiting=waiting,
        status=status,
        section="approvals",
        approval=approval,
        reason=reason,
        trouble=trouble,
    )
