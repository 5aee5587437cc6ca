"""The demo company's people with passwords, and a stranger who guesses."""

import base64
from datetime import timedelta

from jindou.assembly import Platform
from jindou.identity.accounts import Code, Credentials, Entered, NewPassword, Visit, Waiting
from jindou.identity.accounts.totp import code_at, step_of
from jindou.identity.principals import Principal
from jindou.identity.sessions import OPERATOR, Arrival, Seat
from support.desk import Desk

__all__ = ["GOOD", "OTHER", "Company"]

GOOD = "lanterns over the quiet harbour"
OTHER = "nine herons wade at low tide"


class Company:
    """What people do about their accounts, in one word each."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.platform: Platform = desk.platform

    def seat(self, secret: str) -> Seat:
        """Return who sits in a session."""
        with self.platform.database.reading(None) as work:
            return self.platform.sessions.seat(work, secret)

    def by_link(self, who: Principal) -> Entered | Waiting:
        """Come in by a link, as the console does."""
        with self.platform.database.writing(None) as work:
            token = self.platform.sessions.create_link(work, who.org_id, who.person_id)
        return self.platform.accounts.signing_in.come_by_link(token, Arrival())

    def by_password(self, person: str, password: str = GOOD, *, device: str = "") -> Waiting:
        """Give the right password of somebody who uses a second factor."""
        given = Credentials.model_validate({"person": person, "password": password})
        came = self.platform.accounts.signing_in.enter(given, Arrival("password"), Visit("127.0.0.1", device))
        assert isinstance(came, Waiting)
        return came

    def finish(self, waiting: Waiting, code: str, *, device: str = "") -> Entered:
        """Give a code after the first proof."""
        typed = Code.model_validate({"code": code})
        visit = Visit("127.0.0.1", device)
        return self.platform.accounts.signing_in.finish(waiting.token, typed, Arrival(), visit)

    def enrol(self, secret: str) -> tuple[bytes, list[str]]:
        """Set an authenticator up in a session; return its secret, and the recovery codes."""
        accounts, seat = self.platform.accounts, self.seat(secret)
        key = base64.b32decode(accounts.begin_totp(seat).secret)
        return key, accounts.confirm_totp(seat, Code.model_validate({"code": self.code(key)})).codes

    def code(self, key: bytes, steps: int = 0) -> str:
        """Return what the authenticator shows, now or some steps of 30 seconds from now."""
        return code_at(key, step_of(self.desk.clock.now()) + steps)

    def wait(self, **time: float) -> None:
        """Let time pass."""
        self.desk.clock.move(timedelta(**time))

    def come_in(self, who: Principal) -> str:
        """Come in by a link; return the session's secret."""
        with self.platform.database.writing(None) as work:
            token = self.platform.sessions.create_link(work, who.org_id, who.person_id)
            return self.platform.sessions.redeem(work, token)

    def be_let_in(self, who: Principal) -> str:
        """Have the operator open a session as somebody."""
        with self.platform.database.writing(None) as work:
            return self.platform.sessions.open(work, who.org_id, who.person_id, OPERATOR)

    def set(self, secret: str, new: str = GOOD, old: str | None = None) -> None:
        """Set a password in a session."""
        asked = NewPassword.model_validate({"new": new, "old": old})
        self.platform.accounts.change_password(self.seat(secret), asked)

    def enter(self, person: str, password: str = GOOD, *, address: str = "127.0.0.1", device: str = "") -> Entered:
        """Try to sign in."""
        given = Credentials.model_validate({"person": person, "password": password})
        came = self.platform.accounts.signing_in.enter(given, Arrival("password"), Visit(address, device))
        assert isinstance(came, Entered)
        return came

    def trail(self) -> list[tuple[str, str, str, str]]:
        """Return action, decision, actor and resource of each event, the oldest first, once the chain holds."""
        with self.platform.database.reading(self.desk.manager.org_id) as work:
            assert self.platform.audit.verify(work, self.desk.manager).ok
            events = self.platform.audit.search(work, self.desk.manager)
        return [(event.action, event.decision, event.actor, event.resource) for event in reversed(events)]
