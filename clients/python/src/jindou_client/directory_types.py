"""People, service accounts, teams and organisations as the server sends them."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

__all__ = ["Organisation", "Profile", "ProfileKind", "Team", "TeamName", "TeamPlace"]

ProfileKind = Literal["person", "service"]


class TeamName(BaseModel):
    """A team by name."""

    id: str
    name: str


class Profile(BaseModel):
    """A person or a service account. `roles` are their own, `effective_roles` those of their teams, too."""

    id: str
    kind: ProfileKind
    handle: str
    name: str
    email: str
    title: dict[str, str]
    roles: list[str]
    effective_roles: list[str]
    teams: list[TeamName]
    language: str
    active: bool
    external_id: str | None
    version: int
    created_at: datetime
    updated_at: datetime


class TeamPlace(BaseModel):
    """Somebody in a team."""

    id: str
    handle: str
    name: str
    active: bool


class Team(BaseModel):
    """People who work together, and the roles that each of them has by it."""

    id: str
    name: str
    roles: list[str]
    members: list[TeamPlace]
    external_id: str | None
    version: int
    created_at: datetime
    updated_at: datetime


class Organisation(BaseModel):
    """A company on the installation, with how many active people it has."""

    id: str
    name: str
    people: int
    created_at: datetime
