"""What people may do through an assistant, and by which rules: one person, or two side by side."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from jindou.surfaces.console.languages import language_of
from jindou.surfaces.console.pages import page
from jindou.surfaces.console.texts import texts_in
from jindou.surfaces.door import platform_of, reading, signed_in

__all__ = ["router"]

router = APIRouter()

Name = Annotated[str, Query(max_length=120)]


@router.get("/rights")
def rights(request: Request, person: Name = "", against: Name = "", assistant: Name = "") -> Response:
    """Show the rights of a person, at first one's own, and of another beside them."""
    who = signed_in(request)
    services = platform_of(request)
    assistants = services.assistants.list_assistants()
    named = assistant or next((one.slug for one in assistants), "")
    with reading(request) as work:
        asked = [person or who.handle, *([against] if against else [])]
        found = [services.decisions.rights(work, who, one, named) for one in asked]
        people = services.principals.list_people(work) if services.decisions.may_explain(who) else []
        waiting = services.approvals.count_waiting(work, who)
    texts = texts_in(language_of(request, who))
    return page(
        request,
        "rights.html",
        who=who,
        waiting=waiting,
        section="rights",
        found=found,
        people=[(one.handle, f"{one.name} · {one.handle}") for one in people],
        assistants=[(one.slug, texts.pick(one.title)) for one in assistants],
        chosen={"person": asked[0], "against": against, "assistant": named},
    )
