"""People, for those who look after them: a list, and a page for each with plain forms."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from jindou.errors import Conflict, Forbidden, Invalid
from jindou.identity.directory import Condition, NewProfile, ProfileChange
from jindou.surfaces.console.pages import page
from jindou.surfaces.console.roster import MOST, NO_TROUBLE, Trouble, Typed, trouble_of
from jindou.surfaces.door import platform_of, reading, signed_in, writing

__all__ = ["router"]

router = APIRouter()

Text = Annotated[str, Query(max_length=200, pattern=r"^[^\x00]*$")]


@router.get("/people")
def list_people(request: Request, text: Text = "") -> Response:
    """Show who is here."""
    return _list(request, text=text)


@router.post("/people")
def create(request: Request, typed: Annotated[Typed, Form()]) -> Response:
    """Add somebody; what stands in the way is said beside the form."""
    who = signed_in(request)
    try:
        new = NewProfile(handle=typed.handle, name=typed.name, email=typed.email, roles=typed.roles)
        with writing(request) as work:
            made = platform_of(request).directory.people.create(work, who, new)
    except (ValidationError, Invalid, Conflict, Forbidden) as error:
        return _list(request, typed=typed, trouble=trouble_of(error))
    return _back(made.id)


@router.get("/people/{person_id}")
def get_person(request: Request, person_id: str) -> Response:
    """Show somebody, and what can be done about them."""
    return _one(request, person_id)


@router.post("/people/{person_id}")
def update(request: Request, person_id: str, typed: Annotated[Typed, Form()]) -> Response:
    """Change somebody."""
    who = signed_in(request)
    try:
        change = ProfileChange(name=typed.name, email=typed.email, roles=typed.roles)
        with writing(request) as work:
            platform_of(request).directory.people.update(work, who, person_id, change)
    except (ValidationError, Invalid, Conflict, Forbidden) as error:
        return _one(request, person_id, typed=typed, trouble=trouble_of(error))
    return _back(person_id)


@router.post("/people/{person_id}/deactivation")
def deactivate(request: Request, person_id: str) -> Response:
    """Let nobody and nothing act for somebody any more."""
    who = signed_in(request)
    try:
        with writing(request) as work:
            platform_of(request).directory.people.deactivate(work, who, person_id)
    except Conflict as error:
        return _one(request, person_id, trouble=trouble_of(error))
    return _back(person_id)


@router.post("/people/{person_id}/reactivation")
def reactivate(request: Request, person_id: str) -> Response:
    """Take somebody back."""
    who = signed_in(request)
    with writing(request) as work:
        platform_of(request).directory.people.reactivate(work, who, person_id)
    return _back(person_id)


def _back(person_id: str) -> Response:
    return RedirectResponse(f"/people/{person_id}", status_code=303)


def _list(request: Request, *, text: str = "", typed: Typed | None = None, trouble: Trouble = NO_TROUBLE) -> Response:
    who = signed_in(request)
    services = platform_of(request)
    asked = [Condition("text", "co", text)] if text else []
    with reading(request) as work:
        people = services.directory.people.search(work, who, asked, count=MOST)
        waiting = services.approvals.count_waiting(work, who)
    return page(
        request,
        "people.html",
        who=who,
        waiting=waiting,
        status=trouble.status,
        section="people",
        people=people,
        known=services.policy.roles(who.org_id),
        text=text,
        typed=typed or Typed(),
        trouble=trouble,
    )


def _one(request: Request, person_id: str, *, typed: Typed | None = None, trouble: Trouble = NO_TROUBLE) -> Response:
    who = signed_in(request)
    services = platform_of(request)
    with reading(request) as work:
        one = services.directory.people.get(work, who, person_id)
        waiting = services.approvals.count_waiting(work, who)
    return page(
        request,
        "person.html",
        who=who,
        waiting=waiting,
        status=trouble.status,
        section="people",
        one=one,
        known=services.policy.roles(who.org_id),
        typed=typed or one,
        trouble=trouble,
    )
