"""What every change of people and teams keeps to: who may, nobody for themselves, and never the last administrator."""

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager

from sqlalchemy import Text, cast, or_, select

from jindou.db import Work
from jindou.errors import Conflict, Forbidden, Invalid, NotFound
from jindou.identity.audit import Audit, Entry
from jindou.identity.policy import Policy, Resource
from jindou.identity.principals import (
    ADMINISTRATOR,
    OrganisationRow,
    PersonRow,
    Principal,
    Principals,
    TeamMemberRow,
    TeamRow,
)

__all__ = ["Changing", "Departure", "LastAdministrator", "UnknownRole", "administrators", "touch"]

Departure = Callable[[Work, str], None]
"""Takes away what a room lets a person do, by their id, in the transaction that deactivates them."""


class LastAdministrator(Conflict):
    """Nobody would be left who can look after people."""

    code = "last_administrator"


class UnknownRole(Invalid):
    """No rule names such a role, so that it would give nobody anything: most likely it is misspelt."""

    code = "unknown_role"


class Changing:
    """The door to every change of an organisation's people and teams.

    `departures` take away what somebody has besides their roles: sessions, keys, runs under way, rights that were
    handed on. They don't come back with the person. `removals` make rooms forget who somebody was, once they are
    removed for good.
    """

    def __init__(
        self,
        policy: Policy,
        audit: Audit,
        principals: Principals,
        departures: Sequence[Departure],
        removals: Sequence[Departure],
    ) -> None:
        self._policy = policy
        self._audit = audit
        self._principals = principals
        self._departures = departures
        self._removals = removals

    def may(self, who: Principal) -> bool:
        """Say whether somebody looks after people."""
        return self._policy.decide(who, "people::manage", Resource("Organisation", who.org_id), {}).verb == "allow"

    def require_roles(
        self, who: Principal, given: Iterable[str], before: Iterable[object] = (), *, field: str = "roles"
    ) -> None:
        """Make sure that a rule names each role that is given and was not there `before`.

        Raises:
            UnknownRole: none names one of them; the message has those that there are.
        """
        known = self._policy.roles(who.org_id)
        for role in sorted({*given} - {*map(str, before)} - known):
            there_are = ", ".join(sorted(known))
            raise UnknownRole(f"No rule names the role {role!r}; there are: {there_are}.", field=field, rule=there_are)

    def require(self, who: Principal) -> list[str]:
        """Let only those pass who look after people, and return by which rules.

        Raises:
            Forbidden: they do not; the rule is named.
        """
        resource = Resource("Organisation", who.org_id)
        return [rule.id for rule in self._policy.require(who, "people::manage", resource, {}).rules]

    def hold(self, work: Work, who: Principal) -> list[str]:
        """Let nobody else change people or teams of the organisation until the end; return the rules that allow it.

        What is read from then on is what is changed.

        Raises:
            Forbidden: they do not look after people, or did until somebody else's change.
            Unauthenticated: somebody else's change has deactivated them.
        """
        self.require(who)
        self.lock(work, who.org_id)
        return self.require(self._principals.as_now(work, who))

    def lock(self, work: Work, org_id: str) -> None:
        """Let nobody else change people or teams of the organisation until the end."""
        work.session.scalars(
            select(OrganisationRow.id).where(OrganisationRow.id == org_id).with_for_update()
        ).one_or_none()

    @contextmanager
    def change(self, work: Work, who: Principal, *, is_provisioning: bool = False) -> Generator[list[str]]:
        """Change something in the block; one at a time in an organisation. It gives the rules that allow it.

        Raises:
            Forbidden: they may not; they would change their own roles, or add to those of whoever made the key that
                they show; or a provisioning system would make somebody an administrator.
            LastAdministrator: nobody would be left who can look after people.
        """
        rules = self.hold(work, who)
        own, behind = self._roles(work, who.person_id), self._roles(work, who.behind)
        before = administrators(work)
        yield rules
        work.session.flush()
        if self._roles(work, who.person_id) not in {own, None}:
            raise Forbidden(
                "Nobody changes their own roles; ask another administrator.", rules=["jindou.no-self-grant"]
            )
        if (self._roles(work, who.behind) or frozenset()) - (behind or frozenset()):
            told = "Whoever made this key gets no role by it; let another administrator, or the operator, make one."
            raise Forbidden(told, rules=["jindou.no-self-grant"])
        after = administrators(work)
        if any(before.values()) and not any(after.values()):
            raise LastAdministrator("This is the last active administrator. Make somebody else one first.")
        if is_provisioning and not after.keys() <= before.keys():
            told = "A provisioning system makes nobody an administrator, unless the operator mapped the group to it."
            raise Forbidden(told, rules=["jindou.scim-no-administrator"])

    def depart(self, work: Work, person_id: str) -> None:
        """Take away all that a person has."""
        for departure in self._departures:
            departure(work, person_id)

    def forget(self, work: Work, person_id: str) -> None:
        """Keep nothing by which a person who is removed could be taken for somebody again."""
        for removal in self._removals:
            removal(work, person_id)

    def record(
        self, work: Work, who: Principal, action: str, resource: str, rules: list[str], **detail: object
    ) -> None:
        """Write into the trail what was changed."""
        entry = Entry(action=action, resource=resource, decision="allow", rules=rules, detail=detail)
        self._audit.append(work, who.org_id, actor=who.actor, on_behalf_of=who.person_id, entry=entry)

    def _roles(self, work: Work, person_id: str) -> frozenset[str] | None:
        """Return the roles that somebody has now, or None where they are not here."""
        try:
            return frozenset(self._principals.principal(work, work.org_id or "", person_id).roles)
        except NotFound:
            return None


def touch(work: Work, row: PersonRow | TeamRow) -> None:
    """Count a change."""
    row.version += 1
    row.updated_at = work.now()


def administrators(work: Work) -> dict[str, bool]:
    """Return which people are administrators, by themselves or by a team, and whether each is active."""
    named = f'%"{ADMINISTRATOR}"%'
    by_team = (
        select(TeamMemberRow.person_id)
        .join(TeamRow, TeamRow.id == TeamMemberRow.team_id)
        .where(cast(TeamRow.roles, Text).like(named))
    )
    has_role = or_(cast(PersonRow.roles, Text).like(named), PersonRow.id.in_(by_team))
    found = select(PersonRow.id, PersonRow.active).where(PersonRow.kind == "person", has_role)
    return {row.id: row.active for row in work.session.execute(found)}
