"""Signing in: by a link or a password, the same time and the same answer whoever is named; then the second factor."""

import hashlib
import threading
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from sqlalchemy import delete, select

from jindou.db import Database, Work
from jindou.errors import NotFound
from jindou.identity.accounts.failures import (
    CodeWrong,
    SecondFactorMissing,
    SignInExpired,
    SignInRefused,
    SignInThrottled,
)
from jindou.identity.accounts.passwords import Hasher
from jindou.identity.accounts.second_factors import SecondFactors
from jindou.identity.accounts.tables import DeviceRow, PasswordRow, PendingRow
from jindou.identity.accounts.throttling import Bucket, source_bucket, take, take_back
from jindou.identity.accounts.types import Code, Credentials, Entered, Visit, Waiting
from jindou.identity.audit import Audit, Entry
from jindou.identity.principals import PersonRow, Principals
from jindou.identity.sessions import Arrival, Factor, Sessions

__all__ = ["SigningIn"]

NOBODY: Final = "nobody"
"""The actor of a try that proved nothing."""

_PENDING: Final = timedelta(minutes=5)
_TRIES: Final = 5
_AT_ONCE: Final = 12
"""As many passwords are looked at, or wait for that, at once: whoever else comes is told to come again, and takes no
thread that others need."""

_FIRST: Final[dict[str, tuple[Factor, ...]]] = {"password": ("password",), "link": ()}
_DEVICE_KNOWN: Final = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class _Named:
    """Whom a name means: the organisation, the person if there is one, and the hash of their password."""

    org_id: str
    name: str
    person_id: str = ""
    hashed: str = ""


class SigningIn:
    """Opens sessions for those who have a link or know their password, and a second factor if they use one.

    What is slow is done without the database in hand, so these verbs open their own units of work.
    """

    def __init__(
        self,
        database: Database,
        principals: Principals,
        audit: Audit,
        *,
        sessions: Sessions,
        hasher: Hasher,
        factors: SecondFactors,
    ) -> None:
        self._database = database
        self._principals = principals
        self._audit = audit
        self._sessions = sessions
        self._hasher = hasher
        self._factors = factors
        self._places = threading.BoundedSemaphore(_AT_ONCE)

    def enter_whole(self, given: Credentials, arrival: Arrival, visit: Visit) -> Entered:
        """Sign in with a password, and with the code beside it where a second factor is used.

        Raises:
            SecondFactorMissing: there is no code beside it.
            SignInRefused, SignInThrottled, CodeWrong: as `enter` and `finish` say.
        """
        came = self.enter(given, arrival, visit)
        if isinstance(came, Entered):
            return came
        if given.code is None:
            raise SecondFactorMissing
        return self.finish(came.token, Code(code=given.code), arrival, visit)

    def come_by_link(self, token: str, arrival: Arrival) -> Entered | Waiting:
        """Use a link up, and sign in unless a second factor is used. What was made in an emergency needs none.

        Raises:
            SignInLinkUsed, SignInLinkExpired: it signs nobody in.
        """
        with self._database.writing(None) as work:
            person = self._sessions.peek(work, token)
            if self._factors.has_any(work, person.id):
                spent = self._sessions.spend(work, token)
                if spent is not None:
                    return self._wait(work, *spent, "link")
            must_enrol = self._must_enrol(work, work.session.get_one(PersonRow, person.id).org_id, person.id)
            secret = self._sessions.redeem(work, token, replace(arrival, method="link", must_enrol=must_enrol))
            return Entered(secret, person.id, "")

    def finish(self, token: str, typed: Code, arrival: Arrival, visit: Visit) -> Entered:
        """Give the second factor to a first proof.

        Raises:
            SignInExpired: the first proof was too long ago, there were five wrong codes, or the person was deactivated.
            CodeWrong: it is not the code of now, or was used.
            SignInThrottled: there were too many wrong codes for this person.
        """
        with self._database.writing(None) as work:
            pending = self._pending(work, token)
            if pending is None:
                raise SignInExpired
            named = _Named(pending.org_id, pending.person_id, pending.person_id)
            first = self._buckets(work, named, visit)[0]
            buckets = [replace(first, of=("second", *first.of))]
            wait = take(work, buckets)
            pending.tries += 1
        seen = self._factors.use(named.org_id, named.person_id, typed)
        with self._database.writing(None) as work:
            still = self._pending(work, token)
            factor = self._factors.spend(work, named.person_id, typed, seen) if still is not None else None
            if still is not None and factor is not None:
                take_back(work, buckets)
                work.session.delete(still)
                return self._open(work, named, arrival, visit, (*_FIRST[still.method], factor))
            self._tell_refusal(work, named, arrival, wait, method="second-factor")
        raise SignInExpired if still is None else CodeWrong

    def enter(self, given: Credentials, arrival: Arrival, visit: Visit) -> Entered | Waiting:
        """Sign in with a password, unless a second factor is used.

        Raises:
            SignInRefused: the name or the password is wrong, or the person was deactivated.
            SignInThrottled: there were too many tries, or too many others are trying at this moment.
        """
        if not self._places.acquire(blocking=False):
            raise SignInThrottled(1.0)
        try:
            return self._enter(given, arrival, visit)
        finally:
            self._places.release()

    def _enter(self, given: Credentials, arrival: Arrival, visit: Visit) -> Entered | Waiting:
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

    def _admit(self, work: Work, named: _Named, renewed: str, arrival: Arrival, visit: Visit) -> Entered | Waiting:
        if renewed:
            work.session.get_one(PasswordRow, named.person_id).hashed = renewed
        if self._factors.has_any(work, named.person_id):
            return self._wait(work, named.org_id, named.person_id, "password")
        return self._open(work, named, arrival, visit, ("password",))

    def _open(self, work: Work, named: _Named, arrival: Arrival, visit: Visit, factors: tuple[Factor, ...]) -> Entered:
        came = replace(
            arrival,
            method="password" if "password" in factors else "link",
            factors=factors,
            must_enrol=self._must_enrol(work, named.org_id, named.person_id),
        )
        secret = self._sessions.open(work, named.org_id, named.person_id, named.person_id, arrival=came)
        device = self._know(work, named, visit.device) if "password" in factors else ""
        return Entered(secret, named.person_id, device)

    def _must_enrol(self, work: Work, org_id: str, person_id: str) -> bool:
        return self._factors.is_required(work, org_id) and not self._factors.has_any(work, person_id)

    def _wait(self, work: Work, org_id: str, person_id: str, method: str) -> Waiting:
        """Remember a first proof, until the second is given."""
        now = work.now()
        work.session.execute(delete(PendingRow).where(PendingRow.expires_at <= now))
        token = work.random_token()
        row = PendingRow(
            token_hash=_hash(token),
            org_id=org_id,
            person_id=person_id,
            method=method,
            tries=0,
            expires_at=now + _PENDING,
        )
        work.session.add(row)
        return Waiting(token)

    def _pending(self, work: Work, token: str) -> PendingRow | None:
        """Return a first proof that still waits for the second, of somebody who is still here."""
        row = work.session.get(PendingRow, _hash(token), with_for_update=True)
        if row is None or row.expires_at <= work.now() or row.tries > _TRIES:
            return None
        person = work.session.get(PersonRow, row.person_id)
        return row if person is not None and person.active else None

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

    def _tell_refusal(self, work: Work, named: _Named, arrival: Arrival, wait: float, method: str = "password") -> None:
        """Write the refusal into the trail: of whoever is named, and as much of nobody."""
        org_id = named.org_id or self._principals.find_organisation(work)
        if org_id is None:
            return
        detail: dict[str, object] = {"method": method, "place": arrival.place, "wait_seconds": wait}
        rules = ["jindou.sign-in"]
        entry = Entry(action="accounts::sign-in", resource=named.person_id, decision="deny", rules=rules, detail=detail)
        self._audit.append(work, org_id, actor=NOBODY, on_behalf_of=named.person_id, entry=entry)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode(errors="backslashreplace")).hexdigest()
