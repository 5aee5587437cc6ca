"""The page of a signed link: its person decides without signing in. Looking at it decides nothing."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import ValidationError

from jindou.agents.approvals import Approval, Verdict
from jindou.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated, Unavailable
from jindou.surfaces.console.approvals import TROUBLES
from jindou.surfaces.console.pages import page
from jindou.surfaces.deciding import decide_by_link, look_afresh
from jindou.surfaces.door import platform_of

__all__ = ["router"]

router = APIRouter()


@router.get("/approvals/links/{token}")
def show_link(request: Request, token: str) -> Response:
    """Show the call that the link is for."""
    return _show(request, token)


@router.post("/approvals/links/{token}")
def decide(
    request: Request,
    token: str,
    decision: Annotated[str, Form()],
    reason: Annotated[str, Form()] = "",
    facts_hash: Annotated[str | None, Form()] = None,
) -> Response:
    """Decide as the person of the link, and say what was decided."""
    try:
        verdict = Verdict.model_validate({"decision": decision, "reason": reason, "facts_hash": facts_hash})
        decided = decide_by_link(request, token, verdict)
    except (ValidationError, Invalid):
        return _show(request, token, status=422, reason=reason, trouble="reason")
    except Conflict as error:
        trouble = TROUBLES.get(error.code, "decided")
        return _show(request, token, status=409, reason=reason, trouble=trouble)
    except Unavailable as error:
        if error.code not in TROUBLES:
            raise
        return _show(request, token, status=503, reason=reason, trouble=TROUBLES[error.code])
    except (Unauthenticated, Forbidden, NotFound):
        return _page(request, token, None, status=401)
    return _page(request, token, decided)


def _show(request: Request, token: str, *, status: int = 200, reason: str = "", trouble: str = "") -> Response:
    platform = platform_of(request)
    links = platform.approvals.links
    try:
        claim = links.read(token, platform.database.clock)
        with platform.database.reading(claim.org_id) as work:
            approval, whose = links.show(work, claim), links.person(work, claim).name
        (approval,) = look_afresh(request, claim.org_id, [approval])
    except (Unauthenticated, NotFound):
        return _page(request, token, None, status=401)
    if approval.arguments_hash != claim.arguments_hash:
        trouble = "changed"
    return _page(request, token, approval, status=status, reason=reason, trouble=trouble, whose=whose)


def _page(
    request: Request,
    token: str,
    approval: Approval | None,
    *,
    status: int = 200,
    reason: str = "",
    trouble: str = "",
    whose: str = "",
) -> Response:
    action = f"/approvals/links/{token}"
    return page(
        request,
        "approval_link.html",
        status=status,
        approval=approval,
        action=action,
        reason=reason,
        trouble=trouble,
        whose=whose,
    )
