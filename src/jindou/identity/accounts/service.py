"""The accounts of an installation: what people prove themselves by, and what administrators do about it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from pydantic import SecretStr
from sqlalchemy import delete, select

from jindou.db import Database, Work
from jindou.errors import NotFound
from jindou.identity.accounts.failures import PasswordWrong, SignInStale
from jindou.identity.accounts.passwords import Hasher, accepted
from jindou.identity.accounts.signing_in import SigningIn
from jindou.identity.accounts.tables import DeviceRow, PasswordRow
from jindou.identity.accounts.throttling import Bucket, take, take_back
from jindou.identity.accounts.types import Account, NewPassword
from jindou.identity.audit import Audit, Entry
from jindou.identity.policy import Policy, Resource
from jindou.identity.principals import PersonRow, Principal, Principals
from jindou.identity.sessions import OPERATOR, Seat, Sessions

__all__ = ["Accounts"]

_RECENT: Final = timedelta(minutes=10)


class Accounts:
    """Passwords, and who may change them: their owner alone. An administrator takes them away, and sees none.

    `signing_in` opens sessions by them.
    """

    def __init__(
        self, database: Database, policy: Policy, audit: Audit, principals: Principals, sessions: Sessions
    ) -> None:
        self._database = database
        self._policy = policy
        self._audit = audit
        self._principals = principals
        self._sessions = sessions
        self._hasher = Hasher()
        self.signing_in = SigningIn(database, principals, audit, sessions, self._hasher)

    def mine(self, work: Work, who: Principal) -> Account:
        """Return how somebody can prove who they are, for themselves."""
        return self._accounts(work, who.person_id)[0]

    def list_accounts(self, work: Work, who: Principal) -> Sequence[Account]:
        """Return how each person can prove who they are, the oldest first.

        Raises:
            Forbidden: who asks is no administrator.
        """
        self._require(who)
        return self._accounts(work)

    def change_password(self, seat: Seat, asked: NewPassword) -> None:
        """Give somebody a new password, in a session of their own; their other sessions end, and links to come in.

        Whoever does not know the old one, or has none, signs in by a link first. This opens its own units of work.

        Raises:
            PasswordWrong: the old one is another one.
            SignInStale: there is no old one, and the session did not begin in the last ten minutes, or not with the
                person.
            PasswordWeak: others would try the new one.
            SignInThrottled: there were too many tries with wrong old ones.
        """
        who = seat.who
        self._prove(seat, asked.old)
        with self._database.reading(who.org_id) as work:
            own = (who.handle, who.name, self._principals.organisation_name(work, who.org_id))
        hashed = self._hasher.hash(accepted(asked.new, own))
        with self._database.writing(who.org_id) as work:
            self._principals.principal(work, who.org_id, who.person_id)
            row = work.session.get(PasswordRow, who.person_id)
            if row is None:
                row = PasswordRow(org_id=who.org_id, person_id=who.person_id)
                work.session.add(row)
            row.hashed, row.set_at = hashed, work.now()
            work.session.execute(delete(DeviceRow).where(DeviceRow.person_id == who.person_id))
            self._sessions.revoke_all(work, who, but=seat.session_id)
            self._sessions.drop_links(work, who.person_id)
            self._tell(work, who, "accounts::set-password", who.person_id, ["jindou.own-account"])

    def reset(self, work: Work, who: Principal, person_id: str) -> Account:
        """Take away what somebody proves themselves by, and end their sessions. A new link lets them in again.

        Raises:
            Forbidden: who asks is no administrator.
            NotFound: there is no such person.
        """
        rules = self._require(who)
        account = next(iter(self._accounts(work, person_id)), None)
        if account is None:
            raise NotFound("There is no such person.")
        self.depart(work, person_id)
        self._sessions.close_all(work, person_id)
        self._tell(work, who, "accounts::reset", person_id, rules)
        return self._accounts(work, person_id)[0]

    def depart(self, work: Work, person_id: str) -> None:
        """Take away what somebody proves themselves by, in the transaction that deactivates them."""
        for table in (PasswordRow, DeviceRow):
            work.session.execute(delete(table).where(table.person_id == person_id))

    def may_manage(self, who: Principal) -> bool:
        """Say whether somebody may reset others."""
        return self._policy.decide(who, "people::manage", Resource("Organisation", who.org_id), {}).verb == "allow"

    def _prove(self, seat: Seat, old: SecretStr | None) -> None:
        """Make sure that it is the person who sits there."""
        who = seat.who
        if old is None:
            is_recent = self._database.clock.now() < seat.created_at + _RECENT
            if not is_recent or who.actor == OPERATOR:
                raise SignInStale
            return
        bucket = Bucket(("own", who.person_id), org_id=who.org_id)
        with self._database.writing(who.org_id) as work:
            take(work, [bucket])
            row = work.session.get(PasswordRow, who.person_id)
        if not self._hasher.matches(row.hashed if row else "", old):
            raise PasswordWrong
        with self._database.writing(who.org_id) as work:
            take_back(work, [bucket])

    def _accounts(self, work: Work, person_id: str | None = None) -> list[Account]:
        people = select(PersonRow, PasswordRow.set_at).where(PersonRow.kind == "person").order_by(PersonRow.id)
        held = people.outerjoin(PasswordRow, PasswordRow.person_id == PersonRow.id)
        if person_id is not None:
            held = held.where(PersonRow.id == person_id)
        return [
            Account(person_id=row.id, handle=row.handle, name=row.name, password_set_at=set_at)
            for row, set_at in work.session.execute(held)
        ]

    def _require(self, who: Principal) -> list[str]:
        decision = self._policy.require(who, "people::manage", Resource("Organisation", who.org_id), {})
        return [rule.id for rule in decision.rules]

    def _tell(self, work: Work, who: Principal, action: str, person_id: str, rules: list[str]) -> None:
        entry = Entry(action=action, resource=person_id, decision="allow", rules=rules)
        self._audit.append(work, who.org_id, actor=who.actor, on_behalf_of=who.person_id, entry=entry)
