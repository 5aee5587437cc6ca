"""People and teams, for those who look after them: plain forms that add, change, deactivate and take back."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, ValidationError

from jindou.errors import Conflict, Forbidden, Invalid, JindouError
from jindou.identity.directory import Condition, NewProfile, NewTeam, ProfileChange, TeamChange
from jindou.surfaces.console.pages import page
from jindou.surfaces.door import platform_of, reading, signed_in, writing
from jindou.surfaces.problems import problem_of

__all__ = ["router"]

router = APIRouter()

_MOST = 200
Text = Annotated[str, Query(max_length=200, pattern=r"^[^\x00]*$")]


class PersonForm(BaseModel):
    """What somebody typed of a person or of a team."""

    model_config = ConfigDict(extra="ignore")

    handle: str = ""
    name: str = ""
    email: str = ""
    roles: str = ""
    members: str = ""

    def words(self, typed: str) -> list[str]:
        """Return what was typed with commas or blanks between."""
        return typed.replace(",", " ").replace("，", " ").split()


@router.get("/people")
def list_people(request: Request, text: Text = "") -> Response:
    """Show who is here, and their teams."""
    return _show(request, text=text)


@router.post("/people")
def create(request: Request, typed: Annotated[PersonForm, Form()]) -> Response:
    """Add somebody; what stands in the way is said beside the form."""
    who = signed_in(request)
    try:
        new = NewProfile(handle=typed.handle, name=typed.name, email=typed.email, roles=typed.words(typed.roles))
        with writing(request) as work:
            platform_of(request).directory.people.create(work, who, new)
    except (ValidationError, Invalid, Conflict, Forbidden) as error:
        return _show(request, typed=typed, trouble=("person", error))
    return _back()


@router.post("/people/{person_id}")
def update(request: Request, person_id: str, typed: Annotated[PersonForm, Form()]) -> Response:
    """Change somebody."""
    who = signed_in(request)
    try:
        change = ProfileChange(name=typed.name, email=typed.email, roles=typed.words(typed.roles))
        with writing(request) as work:
            platform_of(request).directory.people.update(work, who, person_id, change)
    except (ValidationError, Invalid, Conflict, Forbidden) as error:
        return _show(request, trouble=(person_id, error))
    return _back()


@router.post("/people/{person_id}/deactivation")
def deactivate(request: Request, person_id: str) -> Response:
    """Let nobody and nothing act for somebody any more."""
    who = signed_in(request)
    try:
        with writing(request) as work:
            platform_of(request).directory.people.deactivate(work, who, person_id)
    except Conflict as error:
        return _show(request, trouble=(person_id, error))
    return _back()


@router.post("/people/{person_id}/reactivation")
def reactivate(request: Request, person_id: str) -> Response:
    """Take somebody back."""
    who = signed_in(request)
    with writing(request) as work:
        platform_of(request).directory.people.reactivate(work, who, person_id)
    return _back()


@router.post("/teams")
def create_team(request: Request, typed: Annotated[PersonForm, Form()]) -> Response:
    """Make a team."""
    who = signed_in(request)
    try:
        new = NewTeam(name=typed.name, roles=typed.words(typed.roles), members=_ids(request, typed))
        with writing(request) as work:
            platform_of(request).directory.teams.create(work, who, new)
    except (ValidationError, JindouError) as error:
        return _show(request, typed=typed, trouble=("team", error))
    return _back()


@router.post("/teams/{team_id}")
def update_team(request: Request, team_id: str, typed: Annotated[PersonForm, Form()]) -> Response:
    """Change a team: its roles, and who is in it."""
    who = signed_in(request)
    try:
        change = TeamChange(name=typed.name, roles=typed.words(typed.roles), members=_ids(request, typed))
        with writing(request) as work:
            platform_of(request).directory.teams.update(work, who, team_id, change)
    except (ValidationError, JindouError) as error:
        return _show(request, trouble=(team_id, error))
    return _back()


def _ids(request: Request, typed: PersonForm) -> list[str]:
    """Return the ids of the people whose handles were typed.

    Raises:
        NotFound: nobody has one of them.
    """
    with reading(request) as work:
        return [platform_of(request).principals.find(work, handle).id for handle in typed.words(typed.members)]


def _back() -> Response:
    return RedirectResponse("/people", status_code=303)


def _show(
    request: Request,
    *,
    text: str = "",
    typed: PersonForm | None = None,
    trouble: tuple[str, JindouError | ValidationError] | None = None,
) -> Response:
    who = signed_in(request)
    services = platform_of(request)
    asked = [Condition("text", "co", text)] if text else []
    with reading(request) as work:
        people = services.directory.people.search(work, who, asked, count=_MOST)
        programs = services.directory.people.search(work, who, kind="service", count=_MOST)
        teams = services.directory.teams.search(work, who, count=_MOST)
        waiting = services.approvals.count_waiting(work, who)
    return page(
        request,
        "people.html",
        who=who,
        waiting=waiting,
        status=_status(trouble),
        section="people",
        people=people,
        programs=programs.page,
        teams=teams.page,
        text=text,
        typed=typed or PersonForm(),
        trouble=(trouble[0], *_told(trouble[1])) if trouble else ("", "", ""),
    )


def _status(trouble: tuple[str, JindouError | ValidationError] | None) -> int:
    if trouble is None:
        return 200
    return problem_of(trouble[1]).status if isinstance(trouble[1], JindouError) else 422


def _told(error: JindouError | ValidationError) -> tuple[str, str]:
    """Return the name of what is wrong, by which a language has words for it, and the words of those that have none."""
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return str(first["loc"][0]), f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
    if isinstance(error, Invalid) and error.code == Invalid.code:
        return error.field, error.message
    return error.code, error.message
