"""Sign-in: a proof becomes a session. Links and sessions are 256 random bits, kept as SHA-256."""

import hashlib
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import delete, select, update

from jindou.db import Work
from jindou.errors import Forbidden, NotFound, Unauthenticated
from jindou.identity.audit import Audit, Entry
from jindou.identity.principals import Person, Principal, Principals
from jindou.identity.sessions.failures import SignInLinkExpired, SignInLinkUsed
from jindou.identity.sessions.tables import SessionRow, SignInLinkRow
from jindou.identity.sessions.types import Arrival, BreakGlass, BreakGlassAsk, Factor, Method, Place, Seat, Session

__all__ = ["OPERATOR", "Sessions"]

OPERATOR = "operator"
"""The actor of a session that the local operator, who owns the home folder, opened as somebody."""

_GLASS_LINK = timedelta(minutes=15)
"""How long a link is good for that was made in an emergency."""

_GLASS_SHOWN = timedelta(days=7)
_OF_ONE_FACTOR = ("link", "password")
_SECOND = frozenset({"totp", "recovery", "passkey"})
_USE_NOTED = timedelta(minutes=1)
"""How exactly it is known when a session was last used."""


class Sessions:
    """Sign-in links and sessions."""

    def __init__(self, principals: Principals, audit: Audit, link_hours: float, session_hours: float) -> None:
        self._principals = principals
        self._audit = audit
        self._link_time = timedelta(hours=link_hours)
        self._session_time = timedelta(hours=session_hours)
        self.lasts = self._session_time

    def create_link(self, work: Work, org_id: str, person_id: str) -> str:
        """Return the token of a new one-time sign-in link for a person, which the operator makes; the trail has it."""
        entry = _entry("sessions::link", person_id, "jindou.local-operator", {})
        self._audit.append(work, org_id, actor=OPERATOR, on_behalf_of=person_id, entry=entry)
        return self._link(work, org_id, person_id, self._link_time)

    def break_glass(self, work: Work, org_id: str, person_id: str, ask: BreakGlassAsk) -> str:
        """Return the token of a link that lets the operator in as a person in an emergency.

        It is good for a quarter of an hour and its session for the minutes that `ask` says. The trail has the reason,
        and every administrator is shown it for a week.
        """
        token = self._link(work, org_id, person_id, _GLASS_LINK, ask)
        detail: dict[str, object] = {"reason": ask.reason, "minutes": ask.minutes}
        entry = _entry("sessions::break-glass", person_id, "jindou.break-glass", detail)
        self._audit.append(work, org_id, actor=OPERATOR, on_behalf_of=person_id, entry=entry)
        return token

    def broken_glass(self, work: Work, who: Principal) -> list[BreakGlass]:
        """Return for an administrator what emergencies there were in the last week, the newest first.

        Raises:
            Forbidden: they may not read the audit trail.
        """
        if not self._audit.may_read(who):
            raise Forbidden("Administrators see this: people who may read the trail.", rules=["jindou.default-deny"])
        made = SignInLinkRow.created_at
        query = select(SignInLinkRow).where(SignInLinkRow.minutes.is_not(None), made > work.now() - _GLASS_SHOWN)
        return [self._glass(work, row) for row in work.session.scalars(query.order_by(made.desc()))]

    def peek(self, work: Work, token: str) -> Person:
        """Say who a link is for, without using it.

        Raises:
            SignInLinkUsed, SignInLinkExpired: it signs nobody in.
        """
        return self._principals.get(work, self._usable(work, token).person_id)

    def redeem(self, work: Work, token: str, arrival: Arrival | None = None) -> str:
        """Use a link up and return the secret of a new session.

        Raises:
            SignInLinkUsed, SignInLinkExpired: it signs nobody in.
        """
        link = self._usable(work, token, to_use=True)
        link.used_at = work.now()
        came = arrival or Arrival()
        if link.minutes is None:
            return self.open(work, link.org_id, link.person_id, actor=link.person_id, arrival=came)
        came = Arrival("break-glass", came.agent, came.place)
        lasts = timedelta(minutes=link.minutes)
        return self.open(work, link.org_id, link.person_id, actor=OPERATOR, arrival=came, lasts=lasts)

    def spend(self, work: Work, token: str) -> tuple[str, str] | None:
        """Use a link up without a session, where its person has to prove more; return organisation and person.

        What was made in an emergency is left as it is, and returns None.

        Raises:
            SignInLinkUsed, SignInLinkExpired: it signs nobody in.
        """
        link = self._usable(work, token, to_use=True)
        if link.minutes is not None:
            return None
        link.used_at = work.now()
        return link.org_id, link.person_id

    def open(
        self,
        work: Work,
        org_id: str,
        person_id: str,
        actor: str,
        *,
        arrival: Arrival | None = None,
        lasts: timedelta | None = None,
    ) -> str:
        """Sign a person in and return the session's secret. `actor` is who really sits at the door."""
        secret = work.random_token()
        now = work.now()
        came = arrival or Arrival("operator" if actor == OPERATOR else "link")
        over = (SessionRow.person_id == person_id, SessionRow.expires_at <= now)
        work.session.execute(delete(SessionRow).where(*over))
        row = SessionRow(
            token_hash=_hash(secret),
            id=work.new_id("ses"),
            org_id=org_id,
            person_id=person_id,
            actor=actor,
            method=came.method,
            factors=list(came.factors),
            must_enrol=came.must_enrol,
            agent=came.told(),
            place=came.place,
            created_at=now,
            proved_at=now,
            last_used_at=now,
            expires_at=now + (lasts or self._session_time),
        )
        work.session.add(row)
        detail: dict[str, object] = {"session": row.id, "method": came.method, "place": came.place}
        if came.factors:
            detail["factors"] = list(came.factors)
        entry = _entry("sessions::open", person_id, "jindou.sign-in", detail)
        self._audit.append(work, org_id, actor=actor, on_behalf_of=person_id, entry=entry)
        return secret

    def seat(self, work: Work, secret: str) -> Seat:
        """Return who a session's secret belongs to, with the roles they have now, and which session it is.

        Raises:
            Unauthenticated: no such session, or it has ended.
        """
        row = work.session.scalars(select(SessionRow).where(SessionRow.token_hash == _hash(secret))).first()
        now = work.now()
        if row is None or row.expires_at <= now:
            raise Unauthenticated("Your session has ended. Sign in again: `jindou sign-in` prints a link.")
        try:
            who = self._principals.principal(work, row.org_id, row.person_id, row.actor)
        except NotFound:
            raise Unauthenticated("This person is no longer here.") from None
        is_due = row.last_used_at + _USE_NOTED <= now
        return Seat(who, row.id, cast("Method", row.method), row.proved_at, row.must_enrol, is_due)

    def principal(self, work: Work, secret: str) -> Principal:
        """Return who a session's secret belongs to, with the roles they have now.

        Raises:
            Unauthenticated: no such session, or it has ended.
        """
        return self.seat(work, secret).who

    def note_use(self, work: Work, session_id: str) -> None:
        """Write down that a session is used now."""
        work.session.execute(update(SessionRow).where(SessionRow.id == session_id).values(last_used_at=work.now()))

    def list_sessions(self, work: Work, who: Principal, current: str = "") -> list[Session]:
        """Return where `who` is signed in, the newest first; `current` is the id of the session that asks."""
        mine = (SessionRow.person_id == who.person_id, SessionRow.expires_at > work.now())
        rows = work.session.scalars(select(SessionRow).where(*mine).order_by(SessionRow.id.desc()))
        return [_session(row, current) for row in rows]

    def revoke(self, work: Work, who: Principal, session_id: str) -> None:
        """End one of one's own sessions, at once.

        Raises:
            NotFound: `who` has no such session.
        """
        mine = (SessionRow.person_id == who.person_id, SessionRow.id == session_id)
        row = work.session.scalars(select(SessionRow).where(*mine)).first()
        if row is None:
            raise NotFound("You have no such session.")
        self._end(work, [row], who.actor, "jindou.own-sessions")

    def revoke_all(self, work: Work, who: Principal, but: str = "") -> int:
        """End all of one's own sessions, at once, except the one with the id `but`; return how many."""
        mine = (SessionRow.person_id == who.person_id, SessionRow.id != but)
        rows = work.session.scalars(select(SessionRow).where(*mine)).all()
        self._end(work, rows, who.actor, "jindou.own-sessions")
        return len(rows)

    def hold(self, work: Work, session_id: str) -> None:
        """Let nobody end a session until the transaction does.

        Raises:
            Unauthenticated: it has ended since the request began.
        """
        row = work.session.scalars(select(SessionRow).where(SessionRow.id == session_id).with_for_update()).first()
        if row is None:
            raise Unauthenticated("Your session has ended. Sign in again.")

    def prove(self, work: Work, session_id: str) -> None:
        """Have a session count as one that has just begun, whose person has proved again who they are."""
        work.session.execute(update(SessionRow).where(SessionRow.id == session_id).values(proved_at=work.now()))

    def enrolled(self, work: Work, session_id: str, factor: Factor) -> None:
        """Let somebody do again what they may, who has proved a second factor in this session."""
        row = work.session.scalars(select(SessionRow).where(SessionRow.id == session_id)).first()
        if row is not None:
            row.must_enrol = False
            row.factors = [*row.factors, *({factor} - {*row.factors})]

    def close_single(self, work: Work, but: str) -> None:
        """End, in an organisation, every session that began with one factor alone, except the one with the id `but`."""
        weak = select(SessionRow).where(SessionRow.method.in_(_OF_ONE_FACTOR), SessionRow.id != but)
        for row in work.session.scalars(weak).all():
            if not _SECOND & {*row.factors}:
                work.session.delete(row)

    def end(self, work: Work, session_ids: Collection[str], actor: str, rule: str) -> int:
        """End sessions by their ids, at once, by a rule that is no wish of their owners; return how many there were."""
        rows = work.session.scalars(select(SessionRow).where(SessionRow.id.in_(session_ids))).all()
        self._end(work, rows, actor, rule)
        return len(rows)

    def close(self, work: Work, secret: str) -> None:
        """Sign out; ending a session that is over is no error."""
        row = work.session.scalars(select(SessionRow).where(SessionRow.token_hash == _hash(secret))).first()
        if row is not None:
            self._end(work, [row], row.actor, "jindou.own-sessions")

    def _end(self, work: Work, rows: Iterable[SessionRow], actor: str, rule: str) -> None:
        for row in rows:
            work.session.delete(row)
            entry = _entry("sessions::close", row.person_id, rule, {"session": row.id, "method": row.method})
            self._audit.append(work, row.org_id, actor=actor, on_behalf_of=row.person_id, entry=entry)

    def _link(
        self, work: Work, org_id: str, person_id: str, lasts: timedelta, glass: BreakGlassAsk | None = None
    ) -> str:
        token = work.random_token()
        now = work.now()
        row = SignInLinkRow(
            token_hash=_hash(token),
            org_id=org_id,
            person_id=person_id,
            expires_at=now + lasts,
            minutes=glass.minutes if glass else None,
            reason=glass.reason if glass else "",
            created_at=now,
        )
        work.session.add(row)
        return token

    def close_all(self, work: Work, person_id: str) -> None:
        """End every session of a person, and their sign-in links that nobody has used."""
        work.session.execute(delete(SessionRow).where(SessionRow.person_id == person_id))
        self.drop_links(work, person_id)

    def drop_links(self, work: Work, person_id: str) -> None:
        """Let no link that was made for a person until now sign them in."""
        work.session.execute(delete(SignInLinkRow).where(SignInLinkRow.person_id == person_id))

    def _usable(self, work: Work, token: str, *, to_use: bool = False) -> SignInLinkRow:
        known = select(SignInLinkRow).where(SignInLinkRow.token_hash == _hash(token))
        if to_use:
            # Of two who come with one link at once, the second finds that it has been used.
            known = known.with_for_update().execution_options(populate_existing=True)
        link = work.session.scalars(known).first()
        if link is None or link.expires_at <= work.now():
            raise SignInLinkExpired("This sign-in link is not valid any more. `jindou sign-in` prints a new one.")
        if link.used_at is not None:
            raise SignInLinkUsed("This sign-in link has been used. `jindou sign-in` prints a new one.")
        return link

    def _glass(self, work: Work, row: SignInLinkRow) -> BreakGlass:
        minutes = row.minutes or 0
        ends_at: datetime = row.used_at + timedelta(minutes=minutes) if row.used_at else row.expires_at
        try:
            name = self._principals.get(work, row.person_id).name
        except NotFound:
            name = row.person_id
        return BreakGlass(
            person_id=row.person_id,
            person_name=name,
            reason=row.reason,
            minutes=minutes,
            made_at=row.created_at or row.expires_at,
            used_at=row.used_at,
            ends_at=ends_at,
            is_open=work.now() < ends_at,
        )


def _entry(action: str, person_id: str, rule: str, detail: dict[str, object]) -> Entry:
    return Entry(action=action, resource=person_id, decision="allow", rules=[rule], detail=detail)


def _session(row: SessionRow, current: str) -> Session:
    return Session(
        id=row.id,
        method=cast("Method", row.method),
        factors=row.factors,
        actor=row.actor,
        agent=row.agent,
        place=cast("Place", row.place),
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        expires_at=row.expires_at,
        current=row.id == current,
    )


def _hash(secret: str) -> str:
    # The secrets are 256 random bits, so a plain hash is enough: there is nothing to guess.
    return hashlib.sha256(secret.encode(errors="backslashreplace")).hexdigest()
