"""People, service accounts and teams, as those who look after them see them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

__all__ = [
    "NewOrganisation",
    "NewProfile",
    "NewTeam",
    "Organisation",
    "Profile",
    "ProfileChange",
    "ProfileKind",
    "Team",
    "TeamChange",
    "TeamName",
]

ProfileKind = Literal["person", "service"]


def _sorted(roles: list[str]) -> list[str]:
    return sorted(set(roles))


_Text = Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")]
_Email = Annotated[str, Field(max_length=320, pattern=r"^([^\s@\x00]+@[^\s@\x00]+)?$")]
_Role = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
_Roles = Annotated[list[_Role], Field(max_length=50), AfterValidator(_sorted)]
_Language = Literal["en", "zh"]
_PersonId = Annotated[str, Field(max_length=40, pattern=r"^[^\x00]*$")]


class NewProfile(BaseModel):
    """Somebody who joins, or a service account. `roles` are their own; teams may give them more."""

    model_config = ConfigDict(extra="forbid")

    handle: _Text
    name: _Text
    email: _Email = ""
    title: dict[_Language, _Text] = Field(default_factory=dict[_Language, str])
    roles: _Roles = Field(default_factory=list[str])
    language: _Language = "en"
    external_id: _Text | None = None


class ProfileChange(BaseModel):
    """What is to be otherwise; what is not given stays as it is."""

    model_config = ConfigDict(extra="forbid")

    handle: _Text | None = None
    name: _Text | None = None
    email: _Email | None = None
    title: dict[_Language, _Text] | None = None
    roles: _Roles | None = None
    language: _Language | None = None
    external_id: _Text | None = None


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


class NewTeam(BaseModel):
    """A team: its name, the roles its members have by it, and who is in it."""

    model_config = ConfigDict(extra="forbid")

    name: _Text
    roles: _Roles = Field(default_factory=list[str])
    members: list[_PersonId] = Field(default_factory=list[str], max_length=10_000)
    external_id: _Text | None = None


class TeamChange(BaseModel):
    """What is to be otherwise; what is not given stays as it is."""

    model_config = ConfigDict(extra="forbid")

    name: _Text | None = None
    roles: _Roles | None = None
    members: list[_PersonId] | None = Field(default=None, max_length=10_000)
    external_id: _Text | None = None


class TeamPlace(BaseModel):
    """Somebody in a team."""

    id: str
    handle: str
    name: str
    active: bool


class Team(BaseModel):
    """People who work together."""

    id: str
    name: str
    roles: list[str]
    members: list[TeamPlace]
    external_id: str | None
    version: int
    created_at: datetime
    updated_at: datetime


class NewOrganisation(BaseModel):
    """An organisation, and its first administrator."""

    model_config = ConfigDict(extra="forbid")

    name: _Text
    administrator: _Text
    administrator_name: _Text


class Organisation(BaseModel):
    """A company on this installation, with how many active people it has."""

    id: str
    name: str
    people: int
    created_at: datetime
