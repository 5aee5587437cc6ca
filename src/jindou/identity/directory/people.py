"""People and service accounts: who joins, changes, leaves and comes back."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select

from jindou.db import Work
from jindou.errors import NotFound
from jindou.identity.directory.changing import Changing, touch
from jindou.identity.directory.searching import Condition, Found, conditions_on_people, page_of
from jindou.identity.directory.types import NewProfile, Profile, ProfileChange, ProfileKind, TeamName
from jindou.identity.principals import PersonRow, Principal, Principals, TeamMemberRow, TeamRow, clean_name, skeleton

__all__ = ["People", "new_row"]


class People:
    """The people and the service accounts of an organisation, for those who look after them.

    A service account is a program's: it has roles and keys as a person has, and nobody signs in as it. `kind` says
    which of the two a verb is about; of the other kind there is nothing by that id.
    """

    def __init__(self, changing: Changing, principals: Principals) -> None:
        self._changing = changing
        self._principals = principals

    def search(
        self,
        work: Work,
        who: Principal,
        asked: Sequence[Condition] = (),
        *,
        kind: ProfileKind = "person",
        start: int = 0,
        count: int = 100,
    ) -> Found[Profile]:
        """Return those who fit every condition, the oldest first: `count` of them from number `start` on.

        Raises:
            Forbidden: who asks does not look after people.
        """
        self._changing.require(who)
        query = select(PersonRow).where(PersonRow.kind == kind, conditions_on_people(asked))
        total, rows = page_of(work, query, PersonRow, start, count)
        return Found(total, self._profiles(work, rows))

    def may_manage(self, who: Principal) -> bool:
        """Say whether somebody looks after people."""
        return self._changing.may(who)

    def get(self, work: Work, who: Principal, member_id: str, kind: ProfileKind = "person") -> Profile:
        """Return one of them.

        Raises:
            Forbidden: who asks does not look after people.
            NotFound: there is none of that kind with that id.
        """
        self._changing.require(who)
        return self._profile(work, _row(work, member_id, kind))

    def create(self, work: Work, who: Principal, new: NewProfile, kind: ProfileKind = "person") -> Profile:
        """Add somebody.

        Raises:
            Forbidden: who asks does not look after people.
            Invalid: the handle or the name has characters that it must not have.
            UnknownRole: no rule names one of the roles.
            NameTaken: somebody has that handle, or one that looks like it.
        """
        with self._changing.change(work, who) as rules:
            self._changing.require_roles(who, new.roles)
            row = new_row(work, self._principals, who.org_id, new, kind)
            told: dict[str, object] = {"kind": kind, "handle": row.handle, "roles": new.roles}
            self._changing.record(work, who, "people::create", row.id, rules, **told)
        return self._profile(work, row)

    def update(
        self, work: Work, who: Principal, member_id: str, change: ProfileChange, kind: ProfileKind = "person"
    ) -> Profile:
        """Change what is given of somebody. New roles count with their next step.

        Raises:
            Forbidden: who asks does not look after people, or would change their own roles.
            NotFound: there is none of that kind with that id.
            Invalid, NameTaken, UnknownRole: as `create` says.
            LastAdministrator: nobody would be left who can look after people.
        """
        with self._changing.change(work, who) as rules:
            row = _row(work, member_id, kind)
            given = {name: getattr(change, name) for name in change.model_fields_set}
            self._changing.require_roles(who, change.roles or (), row.roles)
            changed = self._changed(work, row, given)
            if changed:
                for name, value in changed.items():
                    setattr(row, name, value)
                touch(work, row)
                told = {name: value for name, value in changed.items() if name != "skeleton"}
                self._changing.record(work, who, "people::update", row.id, rules, **told)
        return self._profile(work, row)

    def deactivate(self, work: Work, who: Principal, member_id: str, kind: ProfileKind = "person") -> Profile:
        """Let nobody and nothing act for somebody any more, at once.

        Their sessions, keys and links end, runs under way stop, what waits for an approval is withdrawn, and rights
        that they handed on or were handed are taken back. Asked again, it does nothing more.

        Raises:
            Forbidden, NotFound, LastAdministrator: as `update` says.
        """
        with self._changing.change(work, who) as rules:
            row = _row(work, member_id, kind)
            self._end(work, who, row, rules)
        return self._profile(work, row)

    def remove(self, work: Work, who: Principal, person_id: str) -> None:
        """Deactivate a person and let no door find them any more; their handle is free, and nothing brings them back.

        What they did stays known by their name.

        Raises:
            Forbidden, NotFound, LastAdministrator: as `update` says.
        """
        with self._changing.change(work, who) as rules:
            row = _row(work, person_id, "person")
            self._end(work, who, row, rules)
            self._changing.record(work, who, "people::remove", row.id, rules, handle=row.handle)
            row.kind, row.handle, row.skeleton = "former", row.id, skeleton(row.id)
            row.email, row.external_id = "", None
            touch(work, row)
            work.session.execute(delete(TeamMemberRow).where(TeamMemberRow.person_id == row.id))
            self._changing.forget(work, row.id)

    def reactivate(self, work: Work, who: Principal, member_id: str, kind: ProfileKind = "person") -> Profile:
        """Take somebody back, with the roles they had; what ended stays ended.

        Raises:
            Forbidden, NotFound: as `update` says.
        """
        with self._changing.change(work, who) as rules:
            row = _row(work, member_id, kind)
            if not row.active:
                row.active = True
                touch(work, row)
                self._changing.record(work, who, "people::reactivate", row.id, rules, kind=kind)
        return self._profile(work, row)

    def service_account(self, work: Work, who: Principal, account_id: str) -> Principal:
        """Return a service account as the one whose keys an administrator looks after.

        Raises:
            Forbidden: who asks does not look after people.
            NotFound: there is no such service account.
            PersonInactive: it was deactivated.
        """
        self._changing.require(who)
        row = _row(work, account_id, "service")
        return self._principals.principal(work, who.org_id, row.id, actor=who.actor)

    def _end(self, work: Work, who: Principal, row: PersonRow, rules: list[str]) -> None:
        """Let nobody act for somebody, if anybody may."""
        if row.active:
            row.active = False
            touch(work, row)
            work.session.flush()
            self._changing.depart(work, row.id)
            self._changing.record(work, who, "people::deactivate", row.id, rules, kind=row.kind)

    def _changed(self, work: Work, row: PersonRow, given: dict[str, Any]) -> dict[str, Any]:
        """Return the columns that become different by what is given, as they are kept."""
        kept: dict[str, Any] = {
            name: value for name, value in given.items() if value is not None or name == "external_id"
        }
        if "handle" in kept:
            kept["handle"] = self._principals.free_handle(work, row.org_id, kept["handle"], but=row.id)
            kept["skeleton"] = skeleton(kept["handle"])
        if "name" in kept:
            kept["name"] = clean_name(kept["name"])
        if "title" in kept:
            kept["title"] = _title(kept["title"])
        return {name: value for name, value in kept.items() if getattr(row, name) != value}

    def _profile(self, work: Work, row: PersonRow) -> Profile:
        return self._profiles(work, [row])[0]

    def _profiles(self, work: Work, rows: Sequence[PersonRow]) -> list[Profile]:
        teams: defaultdict[str, list[TeamRow]] = defaultdict(list)
        of_these = TeamMemberRow.person_id.in_([row.id for row in rows])
        found = select(TeamMemberRow.person_id, TeamRow).join(TeamRow, TeamRow.id == TeamMemberRow.team_id)
        for person_id, team in work.session.execute(found.where(of_these).order_by(TeamRow.id)):
            teams[person_id].append(team)
        return [_as_profile(row, teams[row.id]) for row in rows]


def new_row(
    work: Work, principals: Principals, org_id: str, new: NewProfile, kind: ProfileKind = "person"
) -> PersonRow:
    """Add somebody, and return their row.

    Raises:
        Invalid, NameTaken: as `People.create` says.
    """
    handle = principals.free_handle(work, org_id, new.handle)
    now = work.now()
    row = PersonRow(
        id=work.new_id("prs" if kind == "person" else "svc"),
        org_id=org_id,
        kind=kind,
        handle=handle,
        skeleton=skeleton(handle),
        name=clean_name(new.name),
        email=new.email,
        title=_title(new.title),
        roles=new.roles,
        language=new.language,
        external_id=new.external_id,
        active=True,
        version=1,
        created_at=now,
        updated_at=now,
    )
    work.session.add(row)
    return row


def _row(work: Work, member_id: str, kind: ProfileKind) -> PersonRow:
    row = work.session.scalars(select(PersonRow).where(PersonRow.id == member_id, PersonRow.kind == kind)).first()
    if row is None:
        raise NotFound("There is no such person." if kind == "person" else "There is no such service account.")
    return row


def _title(title: dict[Any, str]) -> dict[str, str]:
    """Return a title in every language, in which those that are not given have the first one that is.

    Raises:
        Invalid: it has characters that nobody sees, by which it could command a terminal.
    """
    clean = {language: clean_name(text, "title") for language, text in title.items() if text.strip()}
    first = next(iter(clean.values()), "")
    return {language: clean.get(language, first) for language in ("en", "zh")}


def _as_profile(row: PersonRow, teams: Sequence[TeamRow]) -> Profile:
    own = list(map(str, row.roles))
    by_teams = {str(role) for team in teams for role in team.roles}
    return Profile.model_validate(
        {
            "id": row.id,
            "kind": row.kind,
            "handle": row.handle,
            "name": row.name,
            "email": row.email,
            "title": row.title,
            "roles": own,
            "effective_roles": [*own, *sorted(by_teams - set(own))],
            "teams": [TeamName(id=team.id, name=team.name) for team in teams],
            "language": row.language,
            "active": row.active,
            "external_id": row.external_id,
            "version": row.version,
            "created_at": row.created_at,
            "updated_at": row.updated_at,
        }
    )
