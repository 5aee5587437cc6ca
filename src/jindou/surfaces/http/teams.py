"""`/api/teams`: who works together, and the roles they have by it, for those who look after people."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from jindou.identity.directory import NewTeam, Team, TeamChange
from jindou.identity.principals import Principal
from jindou.surfaces.door import MOST, platform_of, reading, signed_in, writing

__all__ = ["router"]

router = APIRouter(prefix="/api/teams", tags=["teams"])
Who = Annotated[Principal, Depends(signed_in)]


@router.get("")
def list_teams(
    request: Request,
    who: Who,
    after: Annotated[int, Query(ge=0, le=MOST)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[Team]:
    """Return the teams, the oldest first: `limit` of them, `after` so many."""
    with reading(request) as work:
        return platform_of(request).directory.teams.search(work, who, start=after, count=limit).page


@router.post("", status_code=201)
def create(request: Request, who: Who, new: NewTeam) -> Team:
    """Make a team."""
    with writing(request) as work:
        return platform_of(request).directory.teams.create(work, who, new)


@router.get("/{team_id}")
def get(request: Request, who: Who, team_id: str) -> Team:
    """Return one team."""
    with reading(request) as work:
        return platform_of(request).directory.teams.get(work, who, team_id)


@router.patch("/{team_id}")
def update(request: Request, who: Who, team_id: str, change: TeamChange) -> Team:
    """Change what is given of a team; `members`, where they are given, are all there will be."""
    with writing(request) as work:
        return platform_of(request).directory.teams.update(work, who, team_id, change)


@router.delete("/{team_id}", status_code=204)
def delete(request: Request, who: Who, team_id: str) -> None:
    """Take a team away, and the roles that its members have by it."""
    with writing(request) as work:
        platform_of(request).directory.teams.delete(work, who, team_id)


@router.put("/{team_id}/members/{person_id}")
def add_member(request: Request, who: Who, team_id: str, person_id: str) -> Team:
    """Put somebody into a team."""
    with writing(request) as work:
        return platform_of(request).directory.teams.add_member(work, who, team_id, person_id)


@router.delete("/{team_id}/members/{person_id}")
def remove_member(request: Request, who: Who, team_id: str, person_id: str) -> Team:
    """Take somebody out of a team, and the roles they have by it."""
    with writing(request) as work:
        return platform_of(request).directory.teams.remove_member(work, who, team_id, person_id)
