"""The audit trail: who did what, for whom, by which rule; and whether the chain holds."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from jindou.identity.audit import Verification
from jindou.surfaces.console.languages import language_of
from jindou.surfaces.console.pages import fragment, page
from jindou.surfaces.console.texts import texts_in
from jindou.surfaces.door import MOST, platform_of, reading, signed_in

__all__ = ["router"]

router = APIRouter()

_PAGE = 100


@router.get("/audit")
def list_events(request: Request, before: Annotated[int | None, Query(ge=1, le=MOST)] = None) -> Response:
    """Show the newest events, or those older than number `before`."""
    return _show(request, before, None)


@router.post("/audit/verify")
def verify(request: Request) -> Response:
    """Check the chain from its first event to its head, and say what was found."""
    who = signed_in(request)
    with reading(request) as work:
        verification = platform_of(request).audit.verify(work, who)
    if request.headers.get("HX-Request") == "true":
        return fragment(request, "parts/verification.html", who=who, verification=verification)
    return _show(request, None, verification)


def _show(request: Request, before: int | None, verification: Verification | None) -> Response:
    who = signed_in(request)
    services = platform_of(request)
    with reading(request) as work:
        events = services.audit.list_events(work, who, limit=_PAGE + 1, before=before)
        names = {person.id: person.name for person in services.principals.list_people(work)}
        waiting = services.approvals.count_waiting(work, who)
    texts = texts_in(language_of(request, who))
    for assistant in services.assistants.list_assistants():
        names[assistant.slug] = names[f"assistant:{assistant.slug}"] = texts.pick(assistant.title)
    shown = events[:_PAGE]
    return page(
        request,
        "audit.html",
        who=who,
        waiting=waiting,
        section="audit",
        events=shown,
        names=names,
        older=shown[-1].seq if len(events) > _PAGE else 0,
        before=before,
        verification=verification,
    )
