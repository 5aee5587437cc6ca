"""Organisations: made and listed by the operator at the machine. Each is blind to the others."""

from sqlalchemy import func, select

from jindou.db import Work
from jindou.identity.audit import Audit, Entry
from jindou.identity.directory.types import NewOrganisation, Organisation
from jindou.identity.principals import (
    ADMINISTRATOR,
    NameTaken,
    OrganisationRow,
    Person,
    PersonRow,
    Principals,
    clean_name,
    skeleton,
)
from jindou.identity.sessions import OPERATOR

__all__ = ["Organisations"]


class Organisations:
    """The organisations of an installation. Its unit of work is the platform's, which sees them all."""

    def __init__(self, principals: Principals, audit: Audit) -> None:
        self._principals = principals
        self._audit = audit

    def list_organisations(self, work: Work) -> list[Organisation]:
        """Return every organisation, the oldest first."""
        rows = work.session.scalars(select(OrganisationRow).order_by(OrganisationRow.created_at, OrganisationRow.id))
        return [self._organisation(work, row) for row in rows.all()]

    def is_alone(self, work: Work) -> bool:
        """Say whether there is one organisation and no other."""
        return len(work.session.scalars(select(OrganisationRow.id).limit(2)).all()) == 1

    def create(self, work: Work, new: NewOrganisation) -> Organisation:
        """Add an organisation with its first administrator, who looks after everybody else.

        Raises:
            Invalid: a name has characters that it must not have.
            NameTaken: an organisation has that name, or one that looks like it.
        """
        name = clean_name(new.name)
        taken = [one for one in work.session.scalars(select(OrganisationRow.name)) if skeleton(one) == skeleton(name)]
        if taken:
            raise NameTaken("name", name, taken[0])
        org_id = self._principals.create_organisation(work, name)
        first = Person(
            id="",
            handle=new.administrator,
            name=clean_name(new.administrator_name, "administrator_name"),
            title={"en": "Administrator", "zh": "管理员"},
            roles=[ADMINISTRATOR],
            language="en",
        )
        made = self._principals.create_person(work, org_id, first)
        work.session.flush()
        detail: dict[str, object] = {"name": name, "administrator": made.id}
        entry = Entry(action="organisations::create", resource=org_id, decision="allow", detail=detail)
        self._audit.append(work, org_id, actor=OPERATOR, on_behalf_of=made.id, entry=entry)
        return self._organisation(work, work.session.get_one(OrganisationRow, org_id))

    def _organisation(self, work: Work, row: OrganisationRow) -> Organisation:
        here = PersonRow.org_id == row.id, PersonRow.active, PersonRow.kind == "person"
        people = work.session.scalar(select(func.count(PersonRow.id)).where(*here)) or 0
        return Organisation(id=row.id, name=row.name, people=people, created_at=row.created_at)
