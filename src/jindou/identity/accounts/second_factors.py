"""Second factors: an authenticator, and recovery codes for when it is lost."""

import base64
import hashlib
import secrets
from typing import Final, Protocol

from sqlalchemy import CursorResult, delete, func, select, update

from jindou.db import Database, Work
from jindou.identity.accounts.failures import CodeWrong, NoSecondFactor, SecondFactorNeeded, TotpKeyMissing
from jindou.identity.accounts.tables import RecoveryRow, RulesRow, TotpRow
from jindou.identity.accounts.throttling import Bucket, take, take_back
from jindou.identity.accounts.totp import SECRET_BYTES, base32, matching_step, uri
from jindou.identity.accounts.types import Code, Enrolment, RecoveryCodes
from jindou.identity.audit import Audit, Entry
from jindou.identity.principals import Principal, Principals
from jindou.identity.sessions import Factor, Seat, Sessions

__all__ = ["SecondFactors", "Wrapper"]

_CODES: Final = 10
_CODE_BYTES: Final = 10
_BATCH: Final = 50


class Wrapper(Protocol):
    """Wraps secrets under the vault's key; whatever key wraps now, older ones unwrap."""

    def current(self) -> str:
        """Return the id of the key that wraps now."""
        ...

    def knows(self, key_id: str) -> bool:
        """Say whether what that key wrapped can be unwrapped."""
        ...

    def wrap(self, data_key: bytes, bound_to: bytes) -> tuple[str, bytes]:
        """Return the id of the key and what it wrapped, which unwraps only with the same `bound_to`."""
        ...

    def unwrap(self, key_id: str, wrapped: bytes, bound_to: bytes) -> bytes:
        """Return what was wrapped."""
        ...


class SecondFactors:
    """Authenticators and recovery codes. What the vault's key does may take seconds, so it is done between works."""

    def __init__(
        self, database: Database, keys: Wrapper, audit: Audit, principals: Principals, sessions: Sessions
    ) -> None:
        self._database = database
        self._keys = keys
        self._audit = audit
        self._principals = principals
        self._sessions = sessions

    def begin(self, seat: Seat) -> Enrolment:
        """Make a new secret for an authenticator. It counts once `confirm` has seen a code of it."""
        who = seat.who
        secret, serial = secrets.token_bytes(SECRET_BYTES), secrets.token_hex(16)
        key_id, sealed = self._keys.wrap(secret, _bound(who.org_id, who.person_id, serial))
        with self._database.writing(who.org_id) as work:
            self._principals.principal(work, who.org_id, who.person_id)
            row = work.session.get(TotpRow, (who.person_id, False))
            if row is None:
                row = TotpRow(person_id=who.person_id, is_confirmed=False, org_id=who.org_id)
                work.session.add(row)
            row.serial, row.key_id, row.sealed, row.last_step, row.made_at = serial, key_id, sealed, 0, work.now()
            issuer = f"Jindou · {self._principals.organisation_name(work, who.org_id)}"
        return Enrolment(secret=base32(secret), uri=uri(secret, issuer.replace(":", " "), who.handle))

    def confirm(self, seat: Seat, typed: Code) -> RecoveryCodes:
        """Have the new authenticator count, in place of the one before; return new recovery codes.

        Raises:
            NoSecondFactor: none was begun.
            CodeWrong: the code is not the new authenticator's.
            SignInThrottled: there were too many wrong ones.
            Unauthenticated: the session has ended meanwhile.
        """
        who = seat.who
        bucket = Bucket(("confirm", who.person_id), org_id=who.org_id)
        with self._database.writing(who.org_id) as work:
            take(work, [bucket])
            seen = work.session.get(TotpRow, (who.person_id, False))
        if seen is None:
            raise NoSecondFactor("Begin with a new secret for your authenticator.")
        step = self._step(seen, typed)
        if step is None:
            raise CodeWrong
        with self._database.writing(who.org_id) as work:
            self._sessions.hold(work, seat.session_id)
            row = work.session.get(TotpRow, (who.person_id, False))
            if row is None or row.serial != seen.serial:
                raise CodeWrong
            take_back(work, [bucket])
            work.session.execute(delete(TotpRow).where(TotpRow.person_id == who.person_id))
            work.session.expunge(row)
            work.session.add(
                TotpRow(
                    person_id=who.person_id,
                    is_confirmed=True,
                    org_id=who.org_id,
                    serial=seen.serial,
                    key_id=seen.key_id,
                    sealed=seen.sealed,
                    last_step=step,
                    made_at=work.now(),
                )
            )
            self._sessions.enrolled(work, seat.session_id, "totp")
            self._tell(work, who, "accounts::add-totp")
            return self._new_codes(work, who)

    def remove(self, work: Work, who: Principal) -> None:
        """Take one's authenticator away, and the recovery codes with it.

        Raises:
            NoSecondFactor: there is none.
            SecondFactorNeeded: the organisation requires one.
        """
        if not self.has_any(work, who.person_id):
            raise NoSecondFactor("You have no authenticator.")
        if self.is_required(work, who.org_id):
            raise SecondFactorNeeded("Your organisation requires a second factor; put a new one in its place.")
        self.depart(work, who.person_id)
        self._tell(work, who, "accounts::remove-totp")

    def renew_codes(self, work: Work, who: Principal) -> RecoveryCodes:
        """Return new recovery codes; those before are gone.

        Raises:
            NoSecondFactor: there is nothing to recover from.
        """
        if not self.has_any(work, who.person_id):
            raise NoSecondFactor("Recovery codes stand in for an authenticator, and you have none.")
        self._tell(work, who, "accounts::new-recovery-codes")
        return self._new_codes(work, who)

    def use(self, org_id: str, person_id: str, typed: Code) -> tuple[TotpRow | None, int | None]:
        """Look, with no database in hand, which step a code is of; `spend` then uses it up."""
        with self._database.reading(org_id) as work:
            row = work.session.get(TotpRow, (person_id, True))
        return row, self._step(row, typed) if row is not None else None

    def spend(self, work: Work, person_id: str, typed: Code, seen: tuple[TotpRow | None, int | None]) -> Factor | None:
        """Use a code up and return what it was, or None where it is wrong; of two at once one gets it."""
        row, step = seen
        if row is not None and step is not None:
            newer = update(TotpRow).where(
                TotpRow.person_id == person_id,
                TotpRow.is_confirmed,
                TotpRow.serial == row.serial,
                TotpRow.last_step < step,
            )
            return "totp" if _count(work.session.execute(newer.values(last_step=step))) else None
        mine = RecoveryRow.person_id == person_id, RecoveryRow.code_hash == _hash(person_id, typed.plain())
        return "recovery" if _count(work.session.execute(delete(RecoveryRow).where(*mine))) else None

    def has_any(self, work: Work, person_id: str) -> bool:
        """Say whether somebody has a second factor."""
        return work.session.get(TotpRow, (person_id, True)) is not None

    def is_required(self, work: Work, org_id: str) -> bool:
        """Say whether an organisation requires one."""
        row = work.session.get(RulesRow, org_id)
        return row is not None and row.second_factor

    def depart(self, work: Work, person_id: str) -> None:
        """Take away somebody's second factors."""
        for table in (TotpRow, RecoveryRow):
            work.session.execute(delete(table).where(table.person_id == person_id))

    def require_keys(self, work: Work) -> None:
        """Make sure, at start-up, that the secrets of authenticators can be opened.

        Raises:
            TotpKeyMissing: a key is missing; the message names it.
        """
        for key_id in work.session.scalars(select(TotpRow.key_id).distinct()):
            if not self._keys.knows(key_id):
                told = f"Authenticators are wrapped by the vault's key {key_id}, which is not here. Put that key back"
                raise TotpKeyMissing(f"{told} (secrets/vault.key of the home, `vault_key` or `vault_command`).")

    @staticmethod
    def samples(work: Work) -> list[tuple[str, bytes, bytes]]:
        """Return of each key that wraps secrets its id, one that it wrapped, and what that is bound to."""
        first = select(func.min(TotpRow.person_id)).group_by(TotpRow.key_id)
        rows = work.session.scalars(select(TotpRow).where(TotpRow.person_id.in_(first)).order_by(TotpRow.person_id))
        found = {row.key_id: (row.key_id, row.sealed, _bound(row.org_id, row.person_id, row.serial)) for row in rows}
        return [*found.values()]

    def is_used(self, work: Work) -> bool:
        """Say whether anybody has an authenticator."""
        return work.session.scalars(select(TotpRow.serial).limit(1)).first() is not None

    def rewrap(self) -> None:
        """Wrap by the vault's current key what an older one has wrapped, fifty at a time."""
        while True:
            older = select(TotpRow).where(TotpRow.key_id != self._keys.current()).limit(_BATCH)
            with self._database.reading(None) as work:
                rows = work.session.scalars(older).all()
            if not rows:
                return
            again = [self._wrap_again(row) for row in rows]
            with self._database.writing(None) as work:
                for old, (key_id, sealed) in zip(rows, again, strict=True):
                    row = work.session.get(TotpRow, (old.person_id, old.is_confirmed), with_for_update=True)
                    if row is not None and row.sealed == old.sealed:
                        row.key_id, row.sealed = key_id, sealed

    def _wrap_again(self, row: TotpRow) -> tuple[str, bytes]:
        bound_to = _bound(row.org_id, row.person_id, row.serial)
        return self._keys.wrap(self._keys.unwrap(row.key_id, row.sealed, bound_to), bound_to)

    def left(self, work: Work) -> int:
        """Return how many secrets are still wrapped by an older key."""
        older = select(func.count()).select_from(TotpRow).where(TotpRow.key_id != self._keys.current())
        return work.session.scalar(older) or 0

    def _step(self, row: TotpRow, typed: Code) -> int | None:
        secret = self._keys.unwrap(row.key_id, row.sealed, _bound(row.org_id, row.person_id, row.serial))
        return matching_step(secret, typed.plain(), self._database.clock.now())

    def _new_codes(self, work: Work, who: Principal) -> RecoveryCodes:
        work.session.execute(delete(RecoveryRow).where(RecoveryRow.person_id == who.person_id))
        codes = [base64.b32encode(secrets.token_bytes(_CODE_BYTES)).decode() for _ in range(_CODES)]
        work.session.add_all(
            RecoveryRow(code_hash=_hash(who.person_id, code), person_id=who.person_id, org_id=who.org_id)
            for code in codes
        )
        return RecoveryCodes(codes=["-".join(code[at : at + 4] for at in range(0, 16, 4)) for code in codes])

    def _tell(self, work: Work, who: Principal, action: str) -> None:
        entry = Entry(action=action, resource=who.person_id, decision="allow", rules=["jindou.own-account"])
        self._audit.append(work, who.org_id, actor=who.actor, on_behalf_of=who.person_id, entry=entry)


def _bound(org_id: str, person_id: str, serial: str) -> bytes:
    """Return what a secret is bound to: moved to somebody else, it does not open."""
    return f"totp/{org_id}/{person_id}/{serial}".encode()


def _hash(person_id: str, code: str) -> str:
    # A code is 80 random bits, so a plain hash is enough: there is nothing to guess.
    return hashlib.sha256(f"{person_id}/{code}".encode(errors="backslashreplace")).hexdigest()


def _count(done: object) -> int:
    return done.rowcount if isinstance(done, CursorResult) else 0
