"""Passkeys (WebAuthn level 3): discoverable, with the user verified, for one origin, each challenge once."""

import hashlib
import json
import secrets
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from fido2.server import Fido2Server
from fido2.utils import websafe_encode
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    AuthenticatorData,
    PublicKeyCredentialDescriptor,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialType,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from jindou.db import Database, Work
from jindou.errors import NotFound
from jindou.identity.accounts.failures import PasskeyInvalid, PasskeyRefused
from jindou.identity.accounts.tables import ChallengeRow, PasskeyRow
from jindou.identity.accounts.types import Entered, Passkey
from jindou.identity.audit import Audit, Entry
from jindou.identity.principals import Principal, Principals
from jindou.identity.sessions import Arrival, Seat, Sessions
from jindou.identity.unproven import make_room, source_of

__all__ = ["Passkeys"]

_CHALLENGE: Final = 32
_LASTS: Final = timedelta(minutes=5)
_MOST: Final = 20
_VERIFIED: Final = UserVerificationRequirement.REQUIRED
_UNREADABLE: Final = (
    *(ValueError, KeyError, TypeError, AttributeError, IndexError, AssertionError, OverflowError),
    *(InvalidSignature, UnsupportedAlgorithm),
)
"""What a response raises that is none, or not to what was asked."""


class Passkeys:
    """Passkeys of people, for browsers at `origin`, such as ``https://jindou.example.com``."""

    def __init__(
        self, database: Database, audit: Audit, *, principals: Principals, sessions: Sessions, origin: str
    ) -> None:
        self._database = database
        self._audit = audit
        self._principals = principals
        self._sessions = sessions
        self.scheme, self.host = urlsplit(origin)[:2]
        entity = PublicKeyCredentialRpEntity(name="Jindou", id=urlsplit(origin).hostname or "localhost")
        self._server: Any = Fido2Server(entity, verify_origin=lambda given: given == origin)

    def ask_to_add(self, seat: Seat) -> tuple[dict[str, Any], str]:
        """Return what a browser needs to make a passkey, and the token that its answer comes with.

        Raises:
            PasskeyInvalid: there are twenty already.
        """
        who = seat.who
        with self._database.writing(who.org_id) as work:
            person = self._principals.principal(work, who.org_id, who.person_id)
            held = [AttestedCredentialData(row.attested) for row in self._rows(work, who.person_id)]
            if len(held) >= _MOST:
                raise PasskeyInvalid(f"at most {_MOST} a person")
            challenge, token = self._challenge(work, who.org_id, who.person_id, who.person_id)
        options, _ = self._server.register_begin(
            PublicKeyCredentialUserEntity(name=person.handle, id=who.person_id.encode(), display_name=person.name),
            [
                PublicKeyCredentialDescriptor(type=PublicKeyCredentialType.PUBLIC_KEY, id=one.credential_id)
                for one in held
            ],
            ResidentKeyRequirement.REQUIRED,
            _VERIFIED,
            challenge=challenge,
        )
        return _plain(options), token

    def add(self, seat: Seat, token: str, name: str, credential: Mapping[str, Any]) -> None:
        """Keep a passkey that a browser made.

        Raises:
            PasskeyInvalid: it answers another challenge or person's, is of another origin, did not verify its user, or
                is somebody's already.
            Unauthenticated: the session has ended meanwhile.
        """
        who = seat.who
        with self._database.writing(who.org_id) as work:
            challenge = self._take(work, token, who.person_id)
        if challenge is None:
            raise PasskeyInvalid("the challenge is over, or another browser's")
        made, rule = self._registered(challenge, credential)
        if made is None or made.credential_data is None:
            raise PasskeyInvalid(rule)
        attested = made.credential_data
        with self._database.writing(who.org_id) as work:
            self._principals.principal(work, who.org_id, who.person_id)
            self._sessions.hold(work, seat.session_id)
            row = PasskeyRow(
                id=work.new_id("psk"),
                org_id=who.org_id,
                person_id=who.person_id,
                credential_hash=_hash(attested.credential_id),
                attested=bytes(attested),
                signatures=made.counter,
                name=name,
                created_at=work.now(),
                last_used_at=None,
            )
            work.session.add(row)
            try:
                work.session.flush()
            except IntegrityError:
                raise PasskeyInvalid("it is somebody's already") from None
            self._sessions.enrolled(work, seat.session_id, "passkey")
            self._tell(work, who, "accounts::add-passkey", row.id)

    def ask_to_enter(self, address: str = "") -> tuple[dict[str, Any], str]:
        """Return what a browser at an address needs to sign somebody in, and the token that its answer comes with."""
        with self._database.writing(None) as work:
            challenge, token = self._challenge(work, "", "", source_of(address))
        options, _ = self._server.authenticate_begin(user_verification=_VERIFIED, challenge=challenge)
        return _plain(options), token

    def ask_to_prove(self, who: Principal) -> tuple[dict[str, Any], str]:
        """Return what a browser needs to have one of somebody's own passkeys sign, and the token of the challenge."""
        with self._database.writing(who.org_id) as work:
            held = [AttestedCredentialData(row.attested) for row in self._rows(work, who.person_id)]
            challenge, token = self._challenge(work, who.org_id, who.person_id, who.person_id)
        options, _ = self._server.authenticate_begin(held, user_verification=_VERIFIED, challenge=challenge)
        return _plain(options), token

    def prove(self, who: Principal, token: str, credential: Mapping[str, Any]) -> bool:
        """Say whether one of somebody's own passkeys signed the challenge, which is used up."""
        with self._database.writing(who.org_id) as work:
            challenge = self._take(work, token, who.person_id)
        with self._database.writing(None) as work:
            row = self._proved(work, challenge, credential) if challenge is not None else None
            return row is not None and row.person_id == who.person_id

    def enter(self, token: str, credential: Mapping[str, Any], arrival: Arrival) -> Entered:
        """Sign in with a passkey, which is every factor in one.

        Raises:
            PasskeyRefused: it is not known here, its answer is to another challenge or of another origin, its user was
                not verified, it has been copied, or its person was deactivated.
        """
        with self._database.writing(None) as work:
            challenge = self._take(work, token, "")
        if challenge is None:
            raise PasskeyRefused
        with self._database.writing(None) as work:
            row = self._proved(work, challenge, credential)
            if row is not None:
                came = replace(arrival, method="passkey", factors=("passkey",))
                secret = self._sessions.open(work, row.org_id, row.person_id, row.person_id, arrival=came)
                return Entered(secret, row.person_id, "")
        raise PasskeyRefused

    def remove(self, work: Work, who: Principal, passkey_id: str) -> None:
        """Take one of one's passkeys away.

        Raises:
            NotFound: one has no such passkey.
        """
        mine = select(PasskeyRow).where(PasskeyRow.id == passkey_id, PasskeyRow.person_id == who.person_id)
        row = work.session.scalars(mine).first()
        if row is None:
            raise NotFound("You have no such passkey.")
        work.session.delete(row)
        self._tell(work, who, "accounts::remove-passkey", passkey_id)

    def list_passkeys(self, work: Work, person_id: str) -> list[Passkey]:
        """Return somebody's passkeys, the oldest first."""
        return [_passkey(row) for row in self._rows(work, person_id)]

    def of_everybody(self, work: Work) -> Mapping[str, list[Passkey]]:
        """Return the passkeys of each who has any, by person, the oldest first."""
        found: defaultdict[str, list[Passkey]] = defaultdict(list)
        for row in work.session.scalars(select(PasskeyRow).order_by(PasskeyRow.id)):
            found[row.person_id].append(_passkey(row))
        return found

    def depart(self, work: Work, person_id: str) -> None:
        """Take away somebody's passkeys."""
        for table in (PasskeyRow, ChallengeRow):
            work.session.execute(delete(table).where(table.person_id == person_id))

    def _rows(self, work: Work, person_id: str) -> list[PasskeyRow]:
        mine = select(PasskeyRow).where(PasskeyRow.person_id == person_id).order_by(PasskeyRow.id)
        return [*work.session.scalars(mine)]

    def _challenge(self, work: Work, org_id: str, person_id: str, source: str) -> tuple[bytes, str]:
        named = _hash(source.encode()) if source else ""
        make_room(work, ChallengeRow, named)
        challenge, token = secrets.token_bytes(_CHALLENGE), work.random_token()
        row = ChallengeRow(
            token_hash=_hash(token.encode()),
            org_id=org_id,
            person_id=person_id,
            challenge=challenge,
            source=named,
            expires_at=work.now() + _LASTS,
        )
        work.session.add(row)
        return challenge, token

    def _take(self, work: Work, token: str, person_id: str) -> bytes | None:
        """Use a challenge up, whatever comes of it; of two at once one gets it."""
        key = _hash(token.encode(errors="backslashreplace"))
        row = work.session.get(ChallengeRow, key, with_for_update=True)
        if row is None:
            return None
        work.session.delete(row)
        return row.challenge if row.person_id == person_id and row.expires_at > work.now() else None

    def _registered(self, challenge: bytes, credential: Mapping[str, Any]) -> tuple[AuthenticatorData | None, str]:
        try:
            response = RegistrationResponse.from_dict(credential)
            if response.response.client_data.cross_origin:
                return None, "it was made in a frame of another site"
            return self._server.register_complete(_state(challenge), response), ""
        except _UNREADABLE as error:
            return None, str(error).rstrip(".") or "it can't be read"

    def _proved(self, work: Work, challenge: bytes, credential: Mapping[str, Any]) -> PasskeyRow | None:
        """Return the passkey that signed the challenge, whose person is here, or None."""
        try:
            response = AuthenticationResponse.from_dict(credential)
            by_id = select(PasskeyRow).where(PasskeyRow.credential_hash == _hash(response.raw_id))
            row = work.session.scalars(by_id.with_for_update()).first()
            if row is None or response.response.client_data.cross_origin:
                return None
            if response.response.user_handle != row.person_id.encode():
                return None
            self._server.authenticate_complete(_state(challenge), [AttestedCredentialData(row.attested)], response)
            counted = response.response.authenticator_data.counter
            self._principals.principal(work, row.org_id, row.person_id)
        except (*_UNREADABLE, NotFound):
            return None
        if (counted or row.signatures) and counted <= row.signatures:
            self._tell_copy(work, row, counted)
            return None
        row.signatures, row.last_used_at = counted, work.now()
        return row

    def _tell_copy(self, work: Work, row: PasskeyRow, counted: int) -> None:
        """Write down that a passkey counts less than it did: there are two of it (WebAuthn, 6.1.1)."""
        detail: dict[str, object] = {"passkey": row.id, "counted": counted, "expected_above": row.signatures}
        entry = Entry(
            action="accounts::passkey-copied", resource=row.person_id, decision="deny", rules=["jindou.sign-in"]
        )
        entry.detail = detail
        self._audit.append(work, row.org_id, actor="nobody", on_behalf_of=row.person_id, entry=entry)

    def _tell(self, work: Work, who: Principal, action: str, passkey_id: str) -> None:
        detail: dict[str, object] = {"passkey": passkey_id}
        entry = Entry(
            action=action, resource=who.person_id, decision="allow", rules=["jindou.own-account"], detail=detail
        )
        self._audit.append(work, who.org_id, actor=who.actor, on_behalf_of=who.person_id, entry=entry)


def _passkey(row: PasskeyRow) -> Passkey:
    return Passkey(id=row.id, name=row.name, created_at=row.created_at, last_used_at=row.last_used_at)


def _state(challenge: bytes) -> dict[str, Any]:
    return {"challenge": websafe_encode(challenge), "user_verification": _VERIFIED}


def _plain(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options as JSON has them: bytes in base64url."""
    plain: dict[str, Any] = json.loads(json.dumps(dict(options)))
    return plain


def _hash(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()
