"""Those whom an identity provider vouches for: who joins by its word, and the roles that follow their groups there."""

from collections.abc import Collection

from sqlalchemy import select

from jindou.db import Work
from jindou.errors import NotFound
from jindou.identity.audit import Audit, Entry
from jindou.identity.directory.changing import Changing, administrators, touch
from jindou.identity.directory.people import new_row
from jindou.identity.directory.types import NewProfile
from jindou.identity.principals import ADMINISTRATOR, PersonRow, Principals

__all__ = ["Arrivals"]


class Arrivals:
    """Changes that no administrator makes, but a provider of the organisation; the trail names it by its id.

    Whoever calls has made sure that an administrator of that organisation said so beforehand. `hold` lets nobody else
    change people or teams of an organisation, for who reads before they change.
    """

    def __init__(self, changing: Changing, principals: Principals, audit: Audit) -> None:
        self._changing = changing
        self._principals = principals
        self._audit = audit
        self.hold = changing.lock

    def join(self, work: Work, org_id: str, provider_id: str, new: NewProfile) -> str:
        """Add somebody and return their id.

        Raises:
            Invalid: the handle or the name has characters that it must not have.
            NameTaken: somebody has that handle, or one that looks like it.
        """
        self._changing.lock(work, org_id)
        row = new_row(work, self._principals, org_id, new)
        work.session.flush()
        detail: dict[str, object] = {"kind": "person", "handle": row.handle, "roles": new.roles}
        self._record(work, "people::create", row, provider_id, detail)
        return row.id

    def give(
        self, work: Work, person_id: str, provider_id: str, *, wanted: Collection[str], added: Collection[str]
    ) -> list[str]:
        """Have somebody's own roles follow what a provider wants them to have; return those that it added.

        `added` are those that it added before: they go when they are not wanted any more. Other roles of theirs stay.
        The last active administrator stays one, whatever is wanted.

        Raises:
            NotFound: there is no such person.
        """
        row = work.session.scalars(select(PersonRow).where(PersonRow.id == person_id)).first()
        if row is None:
            raise NotFound("There is no such person.")
        self._changing.lock(work, row.org_id)
        work.session.refresh(row)
        own = set(map(str, row.roles))
        rest = own - set(added)
        given = set(wanted) - rest
        if ADMINISTRATOR in own and ADMINISTRATOR not in rest | given and self._is_last(work, person_id):
            given.add(ADMINISTRATOR)
        if rest | given != own:
            row.roles = sorted(rest | given)
            touch(work, row)
            work.session.flush()
            self._record(work, "people::update", row, provider_id, {"roles": row.roles})
        return sorted(given)

    def _is_last(self, work: Work, person_id: str) -> bool:
        return not any(active for one, active in administrators(work).items() if one != person_id)

    def _record(self, work: Work, action: str, row: PersonRow, provider_id: str, detail: dict[str, object]) -> None:
        entry = Entry(action=action, resource=row.id, decision="allow", rules=["jindou.sso"], detail=detail)
        self._audit.append(work, row.org_id, actor=provider_id, on_behalf_of=row.id, entry=entry)
