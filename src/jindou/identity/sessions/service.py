"""Sign-in: a one-time link becomes a session. Links and sessions are 256 random bits, kept as SHA-256."""

import hashlib
from datetime import timedelta

from sqlalchemy import delete, select

from jindou.db import Work
from jindou.errors import NotFound, Unauthenticated
from jindou.identity.audit import Audit, Entry
from jindou.identity.principals import Person, Principal, Principals
from jindou.identity.sessions.tables import SessionRow, SignInLinkRow

__all__ = ["OPERATOR", "Sessions", "SignInLinkExpired", "SignInLinkUsed"]

OPERATOR = "operator"
"""The actor of a session that the local operator, who owns the home folder, opened as somebody."""


class SignInLinkUsed(Unauthenticated):
    """The link has signed somebody in already."""

    code = "sign_in_link_used"


class SignInLinkExpired(Unauthenticated):
    """The link is too old, or never was one."""

    code = "sign_in_link_expired"


class Sessions:
    """Sign-in links and sessions."""

    def __init__(self, principals: Principals, audit: Audit, link_hours: float, session_hours: float) -> None:
        self._principals = principals
        self._audit = audit
        self._link_time = timedelta(hours=link_hours)
        self._session_time = timedelta(hours=session_hours)

    def create_link(self, work: Work, org_id: str, person_id: str) -> str:
        """Return the token of a new one-time sign-in link for a person."""
        token = work.random_token()
        expires = work.now() + self._link_time
        work.session.add(SignInLinkRow(token_hash=_hash(token), org_id=org_id, person_id=person_id, expires_at=expires))
        return token

    def peek(self, work: Work, token: str) -> Person:
        """Say who a link is for, without using it.

        Raises:
            SignInLinkUsed, SignInLinkExpired: it signs nobody in.
        """
        return self._principals.get(work, self._usable(work, token).person_id)

    def redeem(self, work: Work, token: str) -> str:
        """Use a link up and return the secret of a new session.

        Raises:
            SignInLinkUsed, SignInLinkExpired: it signs nobody in.
        """
        link = self._usable(work, token)
        link.used_at = work.now()
        return self.open(work, link.org_id, link.person_id, actor=link.person_id)

    def open(self, work: Work, org_id: str, person_id: str, actor: str) -> str:
        """Sign a person in and return the session's secret. `actor` is who really sits at the door."""
        secret = work.random_token()
        now = work.now()
        row = SessionRow(
            token_hash=_hash(secret),
            org_id=org_id,
            person_id=person_id,
            actor=actor,
            created_at=now,
            expires_at=now + self._session_time,
        )
        work.session.add(row)
        entry = Entry(action="sessions::open", resource=person_id, decision="allow", rules=["jindou.sign-in"])
        self._audit.append(work, org_id, actor=actor, on_behalf_of=person_id, entry=entry)
        return secret

    def principal(self, work: Work, secret: str) -> Principal:
        """Return who a session's secret belongs to, with the roles they have now.

        Raises:
            Unauthenticated: no such session, or it has ended.
        """
        row = work.session.scalars(select(SessionRow).where(SessionRow.token_hash == _hash(secret))).first()
        if row is None or row.expires_at <= work.now():
            raise Unauthenticated("Your session has ended. Sign in again: `jindou sign-in` prints a link.")
        try:
            return self._principals.principal(work, row.org_id, row.person_id, row.actor)
        except NotFound:
            raise Unauthenticated("This person is no longer here.") from None

    def close(self, work: Work, secret: str) -> None:
        """End a session; ending one that is over is no error."""
        work.session.execute(delete(SessionRow).where(SessionRow.token_hash == _hash(secret)))

    def close_all(self, work: Work, person_id: str) -> None:
        """End every session of a person, and their sign-in links that nobody has used."""
        work.session.execute(delete(SessionRow).where(SessionRow.person_id == person_id))
        work.session.execute(delete(SignInLinkRow).where(SignInLinkRow.person_id == person_id))

    def _usable(self, work: Work, token: str) -> SignInLinkRow:
        link = work.session.scalars(select(SignInLinkRow).where(SignInLinkRow.token_hash == _hash(token))).first()
        if link is None or link.expires_at <= work.now():
            raise SignInLinkExpired("This sign-in link is not valid any more. `jindou sign-in` prints a new one.")
        if link.used_at is not None:
            raise SignInLinkUsed("This sign-in link has been used. `jindou sign-in` prints a new one.")
        return link


def _hash(secret: str) -> str:
    # The secrets are 256 random bits, so a plain hash is enough: there is nothing to guess.
    return hashlib.sha256(secret.encode(errors="backslashreplace")).hexdigest()
