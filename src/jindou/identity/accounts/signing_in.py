"""Signing in with a password: the same time and the same answer, whoever is named."""

import hashlib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from sqlalchemy import delete, select

from jindou.db import Database, Work
from jindou.errors import NotFound
from jindou.identity.accounts.failures import SignInRefused
from jindou.identity.accounts.passwords import Hasher
from jindou.identity.accounts.tables import DeviceRow, PasswordRow
from jindou.identity.accounts.throttling import Bucket, source_bucket, take, take_back
from jindou.identity.accounts.types import Credentials, Entered, Visit
from jindou.identity.audit import Audit, Entry
from jindou.identity.principals import PersonRow, Principals
from jindou.identity.sessions import Arrival, Sessions

__all__ = ["SigningIn"]

NOBODY: Final = "nobody"
"""The actor of a try that proved nothing."""

_DEVICE_KNOWN: Final = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class _Named:
    """Whom a name means: the organisation, the person if there is one, and the hash of their password."""

    org_id: str
    name: str
    person_id: str = ""
    hashed: str = ""


class SigningIn:
    """Opens sessions for those who know their password.

    What is slow is done without the database in hand, so these verbs open their own units of work.
    """

    def __init__(
        self, database: Database, principals: Principals, audit: Audit, sessions: Sessions, hasher: Hasher
    ) -> None:
        self._database = database
        self._principals = principals
        self._audit = audit
        self._sessions = sessions
        self._hasher = hasher

    def enter(self, given: Credentials, arrival: Arrival, visit: Visit) -> Entered:
        """Sign in with a password.

        Raises:
            SignInRefused: the name or the password is wrong, or the person was deactivated.
            SignInThrottled: there were too many tries.
        """
        with self._database.writing(None) as work:
            named = self._named(work, given.person)
            buckets = self._buckets(work, named, visit)
            wait = take(work, buckets)
        is_right = self._hasher.matches(named.hashed, given.password)
        renewed = self._hasher.hash(given.password) if is_right and self._hasher.is_old(named.hashed) else ""
        with self._database.writing(None) as work:
            # Somebody may have been deactivated, or their password changed, in the meantime.
            if is_right and self._named(work, given.person) == named:
                take_back(work, buckets)
                return self._admit(work, named, renewed, arrival, visit)
            self._tell_refusal(work, named, arrival, wait)
        raise SignInRefused

    def _admit(self, work: Work, named: _Named, renewed: str, arrival: Arrival, visit: Visit) -> Entered:
        if renewed:
            work.session.get_one(PasswordRow, named.person_id).hashed = renewed
        came = replace(arrival, method="password")
        secret = self._sessions.open(work, named.org_id, named.person_id, named.person_id, arrival=came)
        return Entered(secret, named.person_id, self._know(work, named, visit.device))

    def _named(self, work: Work, name: str) -> _Named:
        organisation, slash, handle = unicodedata.normalize("NFKC", name).strip().rpartition("/")
        try:
            org_id = self._principals.organisation(work, organisation if slash else None)
        except NotFound:
            org_id = ""
        called = PersonRow.org_id == org_id, PersonRow.handle == handle, PersonRow.kind == "person", PersonRow.active
        held = select(PersonRow.id, PasswordRow.hashed).outerjoin(PasswordRow, PasswordRow.person_id == PersonRow.id)
        found = work.session.execute(held.where(*called)).first()
        return _Named(org_id, handle, found.id, found.hashed or "") if found else _Named(org_id, handle)

    def _buckets(self, work: Work, named: _Named, visit: Visit) -> Sequence[Bucket]:
        """Return what the try counts for. A browser that is known has a bucket that no stranger fills."""
        device = work.session.get(DeviceRow, _hash(visit.device))
        if device is not None and named.person_id == device.person_id and self._is_known(work, device):
            return [Bucket(("device", device.token_hash), org_id=named.org_id)]
        return [Bucket(("person", named.org_id, named.name), org_id=named.org_id), *source_bucket(visit.address)]

    def _know(self, work: Work, named: _Named, token: str) -> str:
        """Remember the browser; return the token that it is known by."""
        row = work.session.get(DeviceRow, _hash(token))
        if row is not None and row.person_id == named.person_id and self._is_known(work, row):
            row.used_at = work.now()
            return token
        work.session.execute(delete(DeviceRow).where(DeviceRow.used_at <= work.now() - _DEVICE_KNOWN))
        token = work.random_token()
        work.session.add(
            DeviceRow(token_hash=_hash(token), org_id=named.org_id, person_id=named.person_id, used_at=work.now())
        )
        return token

    def _is_known(self, work: Work, row: DeviceRow) -> bool:
        return row.used_at > work.now() - _DEVICE_KNOWN

    def _tell_refusal(self, work: Work, named: _Named, arrival: Arrival, wait: float) -> None:
        """Write the refusal into the trail: of whoever is named, and as much of nobody."""
        org_id = named.org_id or self._principals.find_organisation(work)
        if org_id is None:
            return
        detail: dict[str, object] = {"method": "password", "place": arrival.place, "wait_seconds": wait}
        rules = ["jindou.sign-in"]
        entry = Entry(action="accounts::sign-in", resource=named.person_id, decision="deny", rules=rules, detail=detail)
        self._audit.append(work, org_id, actor=NOBODY, on_behalf_of=named.person_id, entry=entry)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode(errors="backslashreplace")).hexdigest()
