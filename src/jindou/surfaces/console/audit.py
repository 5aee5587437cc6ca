"""The audit trail: who did what, for whom, by which rule; and whether the chain holds."""

from typing import get_args
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import Response

from jindou.identity.audit import AuditSearch, Decision, Verification
from jindou.surfaces.console.asking import given_of, search_of
from jindou.surfaces.console.languages import language_of
from jindou.surfaces.console.pages import fragment, page
from jindou.surfaces.console.texts import texts_in
from jindou.surfaces.door import platform_of, reading, signed_in

__all__ = ["router"]

router = APIRouter()

_PAGE = 100


@router.get("/audit")
def search(request: Request) -> Response:
    """Show the newest events that fit what is asked for."""
    return _show(request, None)


@router.post("/audit/verify")
def verify(request: Request) -> Response:
    """Check the chain from its first event to its head, and say what was found."""
    who = signed_in(request)
    with reading(request) as work:
        verification = platform_of(request).audit.verify(work, who)
    if request.headers.get("HX-Request") == "true":
        return fragment(request, "parts/verification.html", who=who, verification=verification)
    return _show(request, verification)


def _show(request: Request, verification: Verification | None) -> Response:
    who = signed_in(request)
    services = platform_of(request)
    given = given_of(request)
    with reading(request) as work:
        events = services.audit.search(work, who, search_of(AuditSearch, given, limit=_PAGE + 1))
        ids = {id_ for event in events for id_ in (event.actor, event.on_behalf_of, event.resource)}
        names = services.principals.names(work, ids)
        waiting = services.approvals.count_waiting(work, who)
    texts = texts_in(language_of(request, who))
    for assistant in services.assistants.list_assistants():
        names[assistant.slug] = names[f"assistant:{assistant.slug}"] = (texts.pick(assistant.title), "")
    shown = events[:_PAGE]
    before = given.pop("before", "")
    older = urlencode({**given, "before": shown[-1].seq}) if len(events) > _PAGE else ""
    return page(
        request,
        "audit.html",
        who=who,
        waiting=waiting,
        section="audit",
        events=shown,
        names=names,
        asked=given,
        decisions=get_args(Decision),
        before=before,
        older=older,
        newest=urlencode(given),
        verification=verification,
    )
