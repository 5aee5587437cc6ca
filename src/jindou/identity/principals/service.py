"""Organisations and the people in them."""

from sqlalchemy import bindparam, select

from jindou.db import Query, Work
from jindou.errors import NotFound
from jindou.identity.principals.tables import OrganisationRow, PersonRow
from jindou.identity.principals.types import Person, Principal

__all__ = ["Principals"]

_PERSON = Query(PersonRow, PersonRow.id == bindparam("id"))


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

    def only_organisation(self, work: Work) -> str:
        """Return the id of the organisation of an installation that has been seeded.

        Raises:
            NotFound: there is none.
        """
        found = self.find_organisation(work)
        if found is None:
            raise NotFound("There is no organisation yet; `jindou up` makes one.")
        return found

    def organisation_name(self, work: Work, org_id: str) -> str:
        """Return the name of an organisation."""
        row = work.session.get(OrganisationRow, org_id)
        if row is None:
            raise NotFound("No such organisation.")
        return row.name

    def create_person(self, work: Work, org_id: str, person: Person) -> Person:
        """Add a person; an empty `person.id` is filled in."""
        made = person.model_copy(update={"id": person.id or work.new_id("prs")})
        work.session.add(PersonRow(**made.model_dump(), org_id=org_id, created_at=work.now()))
        return made

    def get(self, work: Work, person_id: str) -> Person:
        """Return a person by id.

        Raises:
            NotFound: nobody of this organisation has that id.
        """
        found = work.fetch(_PERSON, id=person_id)
        if not found:
            raise NotFound("No such person.")
        return _person(found[0])

    def find(self, work: Work, handle: str) -> Person:
        """Return a person by handle.

        Raises:
            NotFound: nobody has that handle; the message lists those there are.
        """
        people = self.list_people(work)
        for person in people:
            if person.handle == handle:
                return person
        raise NotFound(f"Nobody is called {handle!r}; there are: {', '.join(p.handle for p in people)}.")

    def list_people(self, work: Work) -> list[Person]:
        """Return everybody, oldest first."""
        return [_person(row) for row in work.session.scalars(select(PersonRow).order_by(PersonRow.id))]

    def principal(self, work: Work, org_id: str, person_id: str, actor: str = "") -> Principal:
        """Return a person as the one a request acts for, with the roles they have now.

        Raises:
            NotFound: the person is gone.
        """
        person = self.get(work, person_id)
        return Principal(
            org_id=org_id,
            person_id=person.id,
            handle=person.handle,
            name=person.name,
            roles=tuple(person.roles),
            language=person.language,
            actor=actor or person.id,
        )


def _person(row: PersonRow) -> Person:
    return Person(
        id=row.id,
        handle=row.handle,
        name=row.name,
        title=row.title,
        roles=list(map(str, row.roles)),
        language=row.language,
    )
