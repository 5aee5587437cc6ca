"""Organisations and the people in them."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import and_, bindparam, literal, or_, select

from jindou.db import Columns, Query, Work
from jindou.errors import Conflict, NotFound, Unauthenticated
from jindou.identity.principals.names import clean_handle, skeleton
from jindou.identity.principals.tables import OrganisationRow, PersonRow, TeamMemberRow, TeamRow
from jindou.identity.principals.types import Person, Principal

__all__ = ["NameTaken", "PersonInactive", "Principals"]

_PERSON = Query(PersonRow, PersonRow.id == bindparam("id"))
_PRINCIPAL = Columns(
    PersonRow,
    select(PersonRow.active, PersonRow.handle, PersonRow.name, PersonRow.language, PersonRow.roles, TeamRow.roles)
    .select_from(PersonRow)
    .outerjoin(TeamMemberRow, TeamMemberRow.person_id == PersonRow.id)
    .outerjoin(TeamRow, and_(TeamRow.id == TeamMemberRow.team_id, TeamRow.org_id == PersonRow.org_id))
    .where(PersonRow.id == bindparam("id")),
)
_TEAMS = Query(
    TeamRow,
    TeamRow.id.in_(select(TeamMemberRow.team_id).where(TeamMemberRow.person_id == bindparam("person_id"))),
)

_SOME = 20
"""As many handles are named to whoever misspells one."""


class PersonInactive(NotFound):
    """The person was deactivated: nobody and nothing acts for them."""

    code = "person_inactive"


class NameTaken(Conflict):
    """Somebody has that handle or name, or one that looks like it."""

    code = "name_taken"

    def __init__(self, field: str, name: str, taken: str) -> None:
        rule = "nobody else's" if name == taken else f"no look-alike of {taken}"
        told = f"{name!r} is taken." if name == taken else f"{name!r} looks like {taken!r}, which is there already."
        super().__init__(told, params={"field": field, "rule": rule})


class Principals:
    """Who there is."""

    def create_organisation(self, work: Work, name: str) -> str:
        """Add an organisation and return its id."""
        row = OrganisationRow(id=work.new_id("org"), name=name, created_at=work.now())
        work.session.add(row)
        return row.id

    def find_organisation(self, work: Work) -> str | None:
        """Return the id of the first organisation, or None on an empty installation."""
        return work.session.scalars(select(OrganisationRow.id).order_by(OrganisationRow.created_at)).first()

    def organisation(self, work: Work, name: str | None = None) -> str:
        """Return the id of the organisation that has this id or name; of the first one where none is named.

        Raises:
            NotFound: there is no such organisation, or none at all.
        """
        if name is None:
            found = self.find_organisation(work)
            told = "There is no organisation yet; `jindou up` makes one."
        else:
            known = (OrganisationRow.id == name) | (OrganisationRow.name == name)
            found = work.session.scalars(select(OrganisationRow.id).where(known)).first()
            told = f"There is no organisation {name!r}; `jindou organisations list` shows those there are."
        if found is None:
            raise NotFound(told)
        return found

    def organisation_names(self, work: Work) -> dict[str, str]:
        """Return the name of every organisation by its id, the oldest first."""
        order = OrganisationRow.created_at, OrganisationRow.id
        rows = work.session.execute(select(OrganisationRow.id, OrganisationRow.name).order_by(*order))
        return {row.id: row.name for row in rows}

    def organisation_name(self, work: Work, org_id: str) -> str:
        """Return the name of an organisation."""
        row = work.session.get(OrganisationRow, org_id)
        if row is None:
            raise NotFound("No such organisation.")
        return row.name

    def create_person(self, work: Work, org_id: str, person: Person) -> Person:
        """Add a person; an empty `person.id` is filled in.

        Raises:
            Invalid: the handle has characters that it must not have.
            NameTaken: somebody has that handle, or one that looks like it.
        """
        handle = self.free_handle(work, org_id, person.handle)
        made = person.model_copy(update={"id": person.id or work.new_id("prs"), "handle": handle})
        now = work.now()
        row = PersonRow(
            **made.model_dump(), org_id=org_id, skeleton=skeleton(handle), created_at=now, updated_at=now, version=1
        )
        work.session.add(row)
        return made

    def free_handle(self, work: Work, org_id: str, text: str, but: str = "") -> str:
        """Return a handle as it is kept, once it is sure that nobody there has it or its look-alike; person `but` may.

        Raises:
            Invalid: it has characters that it must not have.
            NameTaken: somebody has it.
        """
        handle = clean_handle(text)
        alike = PersonRow.org_id == org_id, PersonRow.skeleton == skeleton(handle), PersonRow.id != but
        taken = work.session.scalars(select(PersonRow.handle).where(*alike)).first()
        if taken is not None:
            raise NameTaken("handle", handle, taken)
        return handle

    def get(self, work: Work, person_id: str) -> Person:
        """Return a person by id, whether they are active or not.

        Raises:
            NotFound: nobody of this organisation has that id.
        """
        row = self._row(work, person_id)
        return _person(row, self._team_roles(work, person_id))

    def find(self, work: Work, name: str) -> Person:
        """Return an active person by id or handle; what is the one of somebody and the other of another is an id.

        Raises:
            NotFound: nobody has it; the message names some of those there are.
        """
        here = select(PersonRow).where(PersonRow.kind == "person", PersonRow.active)
        known = or_(PersonRow.id == name, PersonRow.handle == name)
        row = work.session.scalars(here.where(known).order_by(PersonRow.id != name)).first()
        if row is None:
            some = [one.handle for one in work.session.scalars(here.order_by(PersonRow.id).limit(_SOME + 1))]
            told = ", ".join(some[:_SOME]) + (", …" if len(some) > _SOME else "")
            raise NotFound(f"Nobody is called {name!r}; there are: {told}.")
        return _person(row, self._team_roles(work, row.id))

    def list_people(self, work: Work) -> list[Person]:
        """Return everybody who is active, oldest first."""
        of_teams = self.roles_of_teams(work)
        here = select(PersonRow).where(PersonRow.kind == "person", PersonRow.active).order_by(PersonRow.id)
        return [_person(row, of_teams.get(row.id, ())) for row in work.session.scalars(here)]

    def names(self, work: Work, ids: Collection[str]) -> dict[str, tuple[str, str]]:
        """Return, by id, the names and handles of people, service accounts and teams, of whoever left too.

        A team has no handle.
        """
        people = select(PersonRow.id, PersonRow.name, PersonRow.handle).where(PersonRow.id.in_(ids))
        teams = select(TeamRow.id, TeamRow.name, literal("")).where(TeamRow.id.in_(ids))
        return {id_: (name, handle) for query in (people, teams) for id_, name, handle in work.session.execute(query)}

    def active(self, work: Work, person_ids: Collection[str]) -> set[str]:
        """Return those of some people and service accounts who are active."""
        here = select(PersonRow.id).where(PersonRow.id.in_(person_ids), PersonRow.active)
        return set(work.session.scalars(here))

    def roles_of_teams(self, work: Work) -> Mapping[str, Sequence[str]]:
        """Return, by person, the roles that they have by their teams."""
        members = select(TeamMemberRow.person_id, TeamRow.roles).join(TeamRow, TeamRow.id == TeamMemberRow.team_id)
        found: defaultdict[str, list[str]] = defaultdict(list)
        for person_id, roles in work.session.execute(members.order_by(TeamRow.id)):
            found[person_id].extend(map(str, roles))
        return found

    def principal(self, work: Work, org_id: str, person_id: str, actor: str = "") -> Principal:
        """Return a person as the one a request acts for, with the roles they have now: their own and their teams'.

        Raises:
            NotFound: the person is gone.
            PersonInactive: the person was deactivated.
        """
        lines = work.read(_PRINCIPAL, id=person_id)
        if not lines:
            raise NotFound("No such person.")
        active, handle, name, language, own, _ = lines[0]
        if not active:
            raise PersonInactive(f"{name} is deactivated.")
        return Principal(
            org_id=org_id,
            person_id=person_id,
            handle=handle,
            name=name,
            roles=tuple(_union(own, [str(role) for *_, of_team in lines for role in of_team or ()])),
            language=language,
            actor=actor or person_id,
        )

    def as_now(self, work: Work, who: Principal) -> Principal:
        """Return somebody with the roles they have now: a request may have waited for others since it began.

        Raises:
            Unauthenticated: they are not here any more.
        """
        try:
            return self.principal(work, who.org_id, who.person_id, who.actor)
        except NotFound:
            raise Unauthenticated("This person is no longer here.") from None

    def _row(self, work: Work, person_id: str) -> PersonRow:
        found = work.look(_PERSON, id=person_id)
        if not found:
            raise NotFound("No such person.")
        return found[0]

    def _team_roles(self, work: Work, person_id: str) -> list[str]:
        return [str(role) for team in work.look(_TEAMS, person_id=person_id) for role in team.roles]


def _person(row: PersonRow, of_teams: Sequence[str]) -> Person:
    return Person(
        id=row.id,
        handle=row.handle,
        name=row.name,
        title=row.title,
        roles=_union(row.roles, of_teams),
        language=row.language,
    )


def _union(own: Sequence[object], of_teams: Sequence[str]) -> list[str]:
    """Return one's own roles, then those of one's teams that one has not, in a fixed order."""
    mine = list(map(str, own))
    return [*mine, *sorted(set(of_teams) - set(mine))]
