"""Teams, for those who look after people: a list, and a page for each."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from jindou.errors import JindouError, NotFound
from jindou.identity.directory import NewTeam, TeamChange
from jindou.surfaces.console.pages import page
from jindou.surfaces.console.roster import MOST, NO_TROUBLE, Trouble, Typed, trouble_of
from jindou.surfaces.door import platform_of, reading, signed_in, writing

__all__ = ["router"]

router = APIRouter()


class NoMember(NotFound):
    """Nobody active has the handle of a member that was typed."""

    code = "no_member"


@router.get("/teams")
def list_teams(request: Request) -> Response:
    """Show the teams."""
    return _list(request)


@router.post("/teams")
def create(request: Request, typed: Annotated[Typed, Form()]) -> Response:
    """Make a team; what stands in the way is said beside the form."""
    who = signed_in(request)
    try:
        new = NewTeam(name=typed.name, roles=typed.roles, members=_ids(request, typed))
        with writing(request) as work:
            made = platform_of(request).directory.teams.create(work, who, new)
    except (ValidationError, JindouError) as error:
        return _list(request, typed=typed, trouble=trouble_of(error))
    return RedirectResponse(f"/teams/{made.id}", status_code=303)


@router.get("/teams/{team_id}")
def get_team(request: Request, team_id: str) -> Response:
    """Show a team, and what can be done about it."""
    return _one(request, team_id)


@router.post("/teams/{team_id}")
def update(request: Request, team_id: str, typed: Annotated[Typed, Form()]) -> Response:
    """Change a team: its roles, and who is in it."""
    who = signed_in(request)
    try:
        change = TeamChange(name=typed.name, roles=typed.roles, members=_ids(request, typed))
        with writing(request) as work:
            platform_of(request).directory.teams.update(work, who, team_id, change)
    except (ValidationError, JindouError) as error:
        return _one(request, team_id, typed=typed, trouble=trouble_of(error))
    return RedirectResponse(f"/teams/{team_id}", status_code=303)


@router.post("/teams/{team_id}/removal")
def remove(request: Request, team_id: str) -> Response:
    """Take a team away, and with it the roles that its members had by it."""
    who = signed_in(request)
    try:
        with writing(request) as work:
            platform_of(request).directory.teams.delete(work, who, team_id)
    except JindouError as error:
        return _one(request, team_id, trouble=trouble_of(error))
    return RedirectResponse("/teams", status_code=303)


def _ids(request: Request, typed: Typed) -> list[str]:
    """Return the ids of the people whose handles were typed.

    Raises:
        NoMember: nobody has one of them.
    """
    people = platform_of(request).principals
    try:
        with reading(request) as work:
            return [people.find(work, handle).id for handle in typed.handles()]
    except NotFound as error:
        raise NoMember(error.message) from None


def _list(request: Request, *, typed: Typed | None = None, trouble: Trouble = NO_TROUBLE) -> Response:
    who = signed_in(request)
    services = platform_of(request)
    with reading(request) as work:
        teams = services.directory.teams.search(work, who, count=MOST)
        waiting = services.approvals.count_waiting(work, who)
    return page(
        request,
        "teams.html",
        who=who,
        waiting=waiting,
        status=trouble.status,
        section="people",
        teams=teams,
        known=services.policy.roles(who.org_id),
        typed=typed or Typed(),
        trouble=trouble,
    )


def _one(request: Request, team_id: str, *, typed: Typed | None = None, trouble: Trouble = NO_TROUBLE) -> Response:
    who = signed_in(request)
    services = platform_of(request)
    with reading(request) as work:
        team = services.directory.teams.get(work, who, team_id)
        waiting = services.approvals.count_waiting(work, who)
    there = Typed(name=team.name, roles=team.roles, members=", ".join(one.handle for one in team.members))
    return page(
        request,
        "team.html",
        who=who,
        waiting=waiting,
        status=trouble.status,
        section="people",
        team=team,
        known=services.policy.roles(who.org_id),
        typed=typed or there,
        trouble=trouble,
    )
