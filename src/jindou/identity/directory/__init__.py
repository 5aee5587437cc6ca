"""Who is in an organisation: people, service accounts and teams, for those who look after them."""

from jindou.identity.directory.changing import Departure
from jindou.identity.directory.directory import Directory
from jindou.identity.directory.searching import Condition, Found
from jindou.identity.directory.types import (
    NewOrganisation,
    NewProfile,
    NewTeam,
    Organisation,
    Profile,
    ProfileChange,
    Team,
    TeamChange,
)

__all__ = [
    "Condition",
    "Departure",
    "Directory",
    "Found",
    "NewOrganisation",
    "NewProfile",
    "NewTeam",
    "Organisation",
    "Profile",
    "ProfileChange",
    "Team",
    "TeamChange",
]
