"""Teams, for those who look after people."""

from collections.abc import Sequence

from jindou_client.transport import Transport
from jindou_client.types import Team

__all__ = ["Teams"]


class Teams:
    """Who works together, and the roles they have by it."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, *, after: int = 0, limit: int = 100) -> Sequence[Team]:
        """Return the teams, the oldest first: `limit` of them, `after` so many."""
        return self._transport.get(list[Team], "/api/teams", {"after": after, "limit": limit})

    def get(self, team_id: str) -> Team:
        """Return one team."""
        return self._transport.get(Team, f"/api/teams/{team_id}")

    def create(self, name: str, *, roles: Sequence[str] = (), members: Sequence[str] = ()) -> Team:
        """Make a team of the people with these ids.

        Raises:
            Conflict: a team has that name, or one that looks like it.
        """
        return self._transport.post(Team, "/api/teams", {"name": name, "roles": [*roles], "members": [*members]})

    def update(self, team_id: str, *, name: str | None = None, roles: Sequence[str] | None = None) -> Team:
        """Change what is given of a team."""
        given = {"name": name, "roles": None if roles is None else [*roles]}
        change = {field: value for field, value in given.items() if value is not None}
        return self._transport.patch(Team, f"/api/teams/{team_id}", change)

    def delete(self, team_id: str) -> None:
        """Take a team away, and the roles that its members have by it."""
        self._transport.delete(f"/api/teams/{team_id}")

    def add_member(self, team_id: str, person_id: str) -> Team:
        """Put somebody into a team."""
        return self._transport.put(Team, f"/api/teams/{team_id}/members/{person_id}", {})

    def remove_member(self, team_id: str, person_id: str) -> None:
        """Take somebody out of a team, and the roles they have by it."""
        self._transport.delete(f"/api/teams/{team_id}/members/{person_id}")
