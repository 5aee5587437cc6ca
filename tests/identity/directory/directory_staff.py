"""Changes to the demo company's people, in one word each."""

from typing import Any

from jindou.identity.directory import NewProfile, NewTeam, Profile, ProfileChange, Team, TeamChange
from jindou.identity.principals import Principal
from support.desk import Desk
from support.platform import as_person

__all__ = ["Staff"]


class Staff:
    """Everybody of a desk's company, as its administrator (or somebody else) changes them."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.directory = desk.platform.directory

    def hire(self, handle: str, *roles: str, who: Principal | None = None, **more: Any) -> Profile:
        """Add a person."""
        who = who or self.desk.manager
        new = NewProfile.model_validate({"handle": handle, "name": handle.title(), "roles": list(roles), **more})
        with self.desk.platform.database.writing(who.org_id) as work:
            return self.directory.people.create(work, who, new)

    def change(self, person_id: str, who: Principal | None = None, **change: Any) -> Profile:
        """Change somebody."""
        who = who or self.desk.manager
        with self.desk.platform.database.writing(who.org_id) as work:
            return self.directory.people.update(work, who, person_id, ProfileChange.model_validate(change))

    def deactivate(self, person_id: str, who: Principal | None = None) -> Profile:
        """Deactivate somebody."""
        who = who or self.desk.manager
        with self.desk.platform.database.writing(who.org_id) as work:
            return self.directory.people.deactivate(work, who, person_id)

    def reactivate(self, person_id: str, who: Principal | None = None) -> Profile:
        """Take somebody back."""
        who = who or self.desk.manager
        with self.desk.platform.database.writing(who.org_id) as work:
            return self.directory.people.reactivate(work, who, person_id)

    def team(self, name: str, *members: str, roles: tuple[str, ...] = (), who: Principal | None = None) -> Team:
        """Make a team."""
        who = who or self.desk.manager
        new = NewTeam(name=name, roles=list(roles), members=list(members))
        with self.desk.platform.database.writing(who.org_id) as work:
            return self.directory.teams.create(work, who, new)

    def change_team(self, team_id: str, who: Principal | None = None, **change: Any) -> Team:
        """Change a team."""
        who = who or self.desk.manager
        with self.desk.platform.database.writing(who.org_id) as work:
            return self.directory.teams.update(work, who, team_id, TeamChange.model_validate(change))

    def principal(self, handle: str) -> Principal:
        """Return somebody as they are now."""
        return as_person(self.desk.platform, handle)
