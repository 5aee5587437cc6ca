"""Teams: who is in them, and the roles that they give."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import delete, select

from jindou.db import Work
from jindou.errors import NotFound
from jindou.identity.directory.changing import Changing, touch
from jindou.identity.directory.searching import Condition, Found, conditions_on_teams, page_of
from jindou.identity.directory.types import NewTeam, Team, TeamChange, TeamPlace
from jindou.identity.principals import (
    ADMINISTRATOR,
    NameTaken,
    PersonRow,
    Principal,
    TeamMemberRow,
    TeamRow,
    clean_name,
    skeleton,
)

__all__ = ["Teams"]


class Teams:
    """The teams of an organisation, for those who look after people.

    `mapped` are the roles that the operator gave to groups of a provisioning system, by the groups' names. Such a
    system itself gives no roles (`is_provisioning`), and makes nobody an administrator but by a group that is mapped.
    """

    def __init__(self, changing: Changing, mapped: Mapping[str, Sequence[str]]) -> None:
        self._changing = changing
        self._mapped = mapped

    def search(
        self, work: Work, who: Principal, asked: Sequence[Condition] = (), *, start: int = 0, count: int = 100
    ) -> Found[Team]:
        """Return the teams that fit every condition, the oldest first: `count` of them from number `start` on.

        Raises:
            Forbidden: who asks does not look after people.
        """
        self._changing.require(who)
        total, rows = page_of(work, select(TeamRow).where(conditions_on_teams(asked)), TeamRow, start, count)
        return Found(total, _teams(work, rows))

    def get(self, work: Work, who: Principal, team_id: str) -> Team:
        """Return one team.

        Raises:
            Forbidden: who asks does not look after people.
            NotFound: there is none with that id.
        """
        self._changing.require(who)
        return _team(work, _row(work, team_id))

    def create(self, work: Work, who: Principal, new: NewTeam, *, is_provisioning: bool = False) -> Team:
        """Make a team.

        Raises:
            Forbidden: who asks does not look after people, or would change their own roles.
            Invalid: the name has characters that it must not have.
            UnknownRole: no rule names one of the roles, be they given or mapped.
            NameTaken: a team has that name, or one that looks like it.
            NotFound: one of the members is nobody here.
        """
        name = clean_name(new.name)
        roles = self._roles(new.roles, name) if is_provisioning else new.roles
        with self._changing.change(work, who, is_provisioning=self._is_bound(name, is_provisioning)) as rules:
            self._changing.require_roles(who, roles)
            _require_free(work, name)
            now = work.now()
            row = TeamRow(
                id=work.new_id("tem"),
                name=name,
                skeleton=skeleton(name),
                roles=roles,
                external_id=new.external_id,
                version=1,
                created_at=now,
                updated_at=now,
            )
            work.session.add(row)
            work.session.flush()
            _put_in(work, row, new.members)
            detail: dict[str, object] = {"name": name, "roles": roles, "members": new.members}
            self._changing.record(work, who, "teams::create", row.id, rules, **detail)
        return _team(work, row)

    def update(
        self, work: Work, who: Principal, team_id: str, change: TeamChange, *, is_provisioning: bool = False
    ) -> Team:
        """Change what is given of a team; its new roles count with its members' next steps.

        Raises:
            Forbidden, Invalid, NameTaken, NotFound, UnknownRole: as `create` says.
            LastAdministrator: nobody would be left who can look after people.
        """
        self._changing.hold(work, who)
        row = _row(work, team_id)
        name = row.name if change.name is None else clean_name(change.name)
        with self._changing.change(work, who, is_provisioning=self._is_bound(name, is_provisioning)) as rules:
            if name != row.name:
                _require_free(work, name, but=row.id)
                if is_provisioning:
                    renamed = self._renamed(row, name)
                    self._changing.require_roles(who, renamed, row.roles)
                    row.roles = renamed
                row.name, row.skeleton = name, skeleton(name)
            if change.roles is not None and not is_provisioning:
                self._changing.require_roles(who, change.roles, row.roles)
                row.roles = change.roles
            if "external_id" in change.model_fields_set:
                row.external_id = change.external_id
            if change.members is not None:
                self._set_members(work, row, change.members)
            touch(work, row)
            told = change.model_dump(exclude_unset=True)
            self._changing.record(work, who, "teams::update", row.id, rules, **told)
        return _team(work, row)

    def delete(self, work: Work, who: Principal, team_id: str) -> None:
        """Take a team away, and the roles that its members have by it.

        Raises:
            Forbidden: who asks does not look after people, or would change their own roles.
            NotFound: there is none with that id.
            LastAdministrator: nobody would be left who can look after people.
        """
        with self._changing.change(work, who) as rules:
            row = _row(work, team_id)
            work.session.execute(delete(TeamMemberRow).where(TeamMemberRow.team_id == row.id))
            work.session.delete(row)
            self._changing.record(work, who, "teams::delete", row.id, rules, name=row.name)

    def add_member(self, work: Work, who: Principal, team_id: str, person_id: str) -> Team:
        """Put somebody into a team; whoever is in it stays.

        Raises:
            Forbidden: who asks does not look after people, or would change their own roles.
            NotFound: there is no such team, or nobody with that id.
        """
        with self._changing.change(work, who) as rules:
            row = _row(work, team_id)
            if person_id not in _ids(work, row):
                _put_in(work, row, [person_id])
                touch(work, row)
                self._changing.record(work, who, "teams::add", row.id, rules, member=person_id)
        return _team(work, row)

    def remove_member(self, work: Work, who: Principal, team_id: str, person_id: str) -> Team:
        """Take somebody out of a team, and the roles they have by it.

        Raises:
            Forbidden: who asks does not look after people, or would change their own roles.
            NotFound: there is no such team, or they are not in it.
            LastAdministrator: nobody would be left who can look after people.
        """
        with self._changing.change(work, who) as rules:
            row = _row(work, team_id)
            if person_id not in _ids(work, row):
                raise NotFound("There is no such person in this team.")
            _take_out(work, row, {person_id})
            touch(work, row)
            self._changing.record(work, who, "teams::remove", row.id, rules, member=person_id)
        return _team(work, row)

    def _is_bound(self, name: str, is_provisioning: bool) -> bool:  # noqa: FBT001 - it is passed on
        return is_provisioning and ADMINISTRATOR not in self._mapped.get(name, ())

    def _roles(self, given: Sequence[str], name: str) -> list[str]:
        return sorted({*given, *self._mapped.get(name, ())})

    def _renamed(self, row: TeamRow, name: str) -> list[str]:
        """Return the roles of a team that gets another name: those mapped to the old one go, the new one's come."""
        return self._roles(sorted(set(map(str, row.roles)) - set(self._mapped.get(row.name, ()))), name)

    def _set_members(self, work: Work, row: TeamRow, members: Sequence[str]) -> None:
        there, wanted = _ids(work, row), set(members)
        _take_out(work, row, there - wanted)
        _put_in(work, row, sorted(wanted - there))


def _row(work: Work, team_id: str) -> TeamRow:
    row = work.session.scalars(select(TeamRow).where(TeamRow.id == team_id)).first()
    if row is None:
        raise NotFound("There is no such team.")
    return row


def _require_free(work: Work, name: str, but: str = "") -> None:
    alike = TeamRow.skeleton == skeleton(name), TeamRow.id != but
    taken = work.session.scalars(select(TeamRow.name).where(*alike)).first()
    if taken is not None:
        raise NameTaken("name", name, taken)


def _ids(work: Work, row: TeamRow) -> set[str]:
    inside = select(TeamMemberRow.person_id).where(TeamMemberRow.team_id == row.id)
    return set(work.session.scalars(inside).all())


def _put_in(work: Work, row: TeamRow, person_ids: Sequence[str]) -> None:
    wanted = set(person_ids)
    found = set(work.session.scalars(select(PersonRow.id).where(PersonRow.id.in_(wanted))).all())
    if wanted - found:
        raise NotFound(f"There is no such person: {min(wanted - found)}.")
    for person_id in sorted(wanted):
        work.session.add(TeamMemberRow(team_id=row.id, person_id=person_id))


def _take_out(work: Work, row: TeamRow, person_ids: Collection[str]) -> None:
    gone = TeamMemberRow.team_id == row.id, TeamMemberRow.person_id.in_(person_ids)
    work.session.execute(delete(TeamMemberRow).where(*gone))


def _team(work: Work, row: TeamRow) -> Team:
    work.session.flush()
    return _teams(work, [row])[0]


def _teams(work: Work, rows: Sequence[TeamRow]) -> list[Team]:
    places: defaultdict[str, list[TeamPlace]] = defaultdict(list)
    inside = (
        select(TeamMemberRow.team_id, PersonRow)
        .join(PersonRow, PersonRow.id == TeamMemberRow.person_id)
        .where(TeamMemberRow.team_id.in_([row.id for row in rows]))
        .order_by(PersonRow.id)
    )
    for team_id, person in work.session.execute(inside):
        place = TeamPlace(id=person.id, handle=person.handle, name=person.name, active=person.active)
        places[team_id].append(place)
    return [
        Team(
            id=row.id,
            name=row.name,
            roles=list(map(str, row.roles)),
            members=places[row.id],
            external_id=row.external_id,
            version=row.version,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )
        for row in rows
    ]
