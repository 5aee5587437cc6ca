"""Proving again, in a session that has lasted a while, that it is still its person who sits there."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from jindou.db import Database, Work
from jindou.identity.accounts.failures import CodeWrong, PasskeyRefused, PasswordWrong, SecondFactorMissing, SignInStale
from jindou.identity.accounts.passkeys import Passkeys
from jindou.identity.accounts.passwords import Hasher
from jindou.identity.accounts.second_factors import SecondFactors
from jindou.identity.accounts.tables import PasswordRow
from jindou.identity.accounts.throttling import Bucket, take, take_back
from jindou.identity.accounts.types import Code, Proof
from jindou.identity.audit import Audit, Entry
from jindou.identity.sessions import OPERATOR, Seat, Sessions

__all__ = ["Proving"]

_RECENT: Final = timedelta(minutes=10)


class Proving:
    """What changes who comes in, or what rules hold, takes a proof of the last ten minutes that it is the person.

    Coming in is one. In a session that is older its person gives one again: a code of their authenticator if they have
    one, else their password; or a passkey. These verbs open their own units of work, since a proof is slow to look at.
    """

    def __init__(
        self,
        database: Database,
        audit: Audit,
        *,
        sessions: Sessions,
        hasher: Hasher,
        factors: SecondFactors,
        passkeys: Passkeys,
    ) -> None:
        self._database = database
        self._audit = audit
        self._sessions = sessions
        self._hasher = hasher
        self._factors = factors
        self._passkeys = passkeys

    def is_due(self, seat: Seat) -> bool:
        """Say whether a session is asked for a proof before it changes what takes one."""
        return seat.who.actor != OPERATOR and self._database.clock.now() >= seat.proved_at + _RECENT

    def require(self, seat: Seat, *, own: bool = False) -> None:
        """Let only those pass who proved a moment ago that it is they.

        The operator, who owns the machine, passes; but not where it is about the person's `own` proofs.

        Raises:
            SignInStale: it was longer ago, or it is the operator who sits there.
        """
        if self.is_due(seat) or (own and seat.who.actor == OPERATOR):
            raise SignInStale

    def prove(self, seat: Seat, given: Proof) -> None:
        """Have a session count as one that has just begun.

        Raises:
            SignInStale: the operator sits there.
            PasswordWrong, CodeWrong: it is no proof.
            SecondFactorMissing: it is a password where a code is needed.
            SignInThrottled: there were too many tries.
        """
        self._require_own(seat)
        if given.code is not None:
            self._by_code(seat, Code(code=given.code))
        elif given.password is not None:
            self._by_password(seat, given)

    def ask_for_passkey(self, seat: Seat) -> tuple[dict[str, Any], str]:
        """Return what a browser needs to have one of the person's passkeys sign, and the token of the challenge.

        Raises:
            SignInStale: the operator sits there.
        """
        self._require_own(seat)
        return self._passkeys.ask_to_prove(seat.who)

    def prove_by_passkey(self, seat: Seat, token: str, credential: Mapping[str, Any]) -> None:
        """Have a session count as one that has just begun.

        Raises:
            SignInStale: the operator sits there.
            PasskeyRefused: it is no passkey of this person's, or signed something else.
        """
        self._require_own(seat)
        is_theirs = self._passkeys.prove(seat.who, token, credential)
        with self._database.writing(seat.who.org_id) as work:
            self._tell(work, seat, "passkey", is_good=is_theirs)
            if is_theirs:
                self._sessions.enrolled(work, seat.session_id, "passkey")
        if not is_theirs:
            raise PasskeyRefused

    def _by_password(self, seat: Seat, given: Proof) -> None:
        who, bucket = seat.who, Bucket(("own", seat.who.person_id), org_id=seat.who.org_id)
        with self._database.writing(who.org_id) as work:
            if self._factors.has_any(work, who.person_id):
                raise SecondFactorMissing
            take(work, [bucket])
            row = work.session.get(PasswordRow, who.person_id)
        is_right = given.password is not None and self._hasher.matches(row.hashed if row else "", given.password)
        with self._database.writing(who.org_id) as work:
            if is_right:
                take_back(work, [bucket])
            self._tell(work, seat, "password", is_good=is_right)
        if not is_right:
            raise PasswordWrong

    def _by_code(self, seat: Seat, typed: Code) -> None:
        who, bucket = seat.who, Bucket(("own-code", seat.who.person_id), org_id=seat.who.org_id)
        with self._database.writing(who.org_id) as work:
            take(work, [bucket])
        seen = self._factors.use(who.org_id, who.person_id, typed)
        with self._database.writing(who.org_id) as work:
            is_right = self._factors.spend(work, who.person_id, typed, seen) is not None
            if is_right:
                take_back(work, [bucket])
            self._tell(work, seat, "code", is_good=is_right)
        if not is_right:
            raise CodeWrong

    def _require_own(self, seat: Seat) -> None:
        if seat.who.actor == OPERATOR:
            raise SignInStale

    def _tell(self, work: Work, seat: Seat, method: str, *, is_good: bool) -> None:
        """Write a proof, or what was none, into the trail; a session that has one counts as new."""
        if is_good:
            self._sessions.prove(work, seat.session_id)
        detail: dict[str, object] = {"session": seat.session_id, "method": method}
        entry = Entry(
            action="accounts::prove",
            resource=seat.who.person_id,
            decision="allow" if is_good else "deny",
            rules=["jindou.recent-sign-in"],
            detail=detail,
        )
        self._audit.append(work, seat.who.org_id, actor=seat.who.actor, on_behalf_of=seat.who.person_id, entry=entry)
