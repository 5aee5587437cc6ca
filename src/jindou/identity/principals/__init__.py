"""Organisations, people, teams, and the principal a request acts for."""

from jindou.identity.principals.names import clean_name, skeleton
from jindou.identity.principals.service import NameTaken, PersonInactive, Principals
from jindou.identity.principals.tables import OrganisationRow, PersonRow, TeamMemberRow, TeamRow
from jindou.identity.principals.types import ADMINISTRATOR, Person, Principal

__all__ = [
    "ADMINISTRATOR",
    "NameTaken",
    "OrganisationRow",
    "Person",
    "PersonInactive",
    "PersonRow",
    "Principal",
    "Principals",
    "TeamMemberRow",
    "TeamRow",
    "clean_name",
    "skeleton",
]
