"""The accounts of an installation: what people prove themselves by, and what administrators do about it."""

from collections.abc import Sequence
from typing import Any

from pydantic import SecretStr
from sqlalchemy import and_, delete, func, select

from jindou.db import Database, Work
from jindou.errors import NotFound
from jindou.identity.accounts.failures import NoSecondFactor, PasswordWrong, SignInStale
from jindou.identity.accounts.passkeys import Passkeys
from jindou.identity.accounts.passwords import Hasher, accepted
from jindou.identity.accounts.proving import Proving
from jindou.identity.accounts.second_factors import SecondFactors, Wrapper
from jindou.identity.accounts.signing_in import SigningIn
from jindou.identity.accounts.tables import DeviceRow, PasswordRow, PendingRow, RecoveryRow, RulesRow, TotpRow
from jindou.identity.accounts.throttling import Bucket, take, take_back
from jindou.identity.accounts.types import Account, AccountRules, Code, Enrolment, NewPassword, RecoveryCodes
from jindou.identity.audit import Audit, Entry
from jindou.identity.policy import Policy, Resource
from jindou.identity.principals import PersonRow, Principal, Principals
from jindou.identity.sessions import Seat, Sessions

__all__ = ["Accounts"]


class Accounts:
    """Proofs, and who may change them: their owner alone. An administrator takes them away, and sees none.

    `signing_in` opens sessions by them; `factors` are the second ones, whose secrets `keys` wrap;
    `passkeys` need no other, and are for browsers at `origin`; by `proving` a session counts as new again.
    """

    def __init__(
        self,
        database: Database,
        policy: Policy,
        audit: Audit,
        *,
        principals: Principals,
        sessions: Sessions,
        keys: Wrapper,
        origin: str,
    ) -> None:
        self._database = database
        self._policy = policy
        self._audit = audit
        self._principals = principals
        self._sessions = sessions
        self._hasher = Hasher()
        self.factors = SecondFactors(database, keys, audit, principals, sessions)
        self.passkeys = Passkeys(database, audit, principals=principals, sessions=sessions, origin=origin)
        self.proving = Proving(
            database, audit, sessions=sessions, hasher=self._hasher, factors=self.factors, passkeys=self.passkeys
        )
        self.signing_in = SigningIn(
            database, principals, audit, sessions=sessions, hasher=self._hasher, factors=self.factors
        )

    samples = staticmethod(SecondFactors.samples)

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
            Unauthenticated: the session has ended meanwhile, as by a reset.
            PasswordWrong: the old one is another one.
            SignInStale: there is no old one, and otherwise as `begin_totp` says.
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
            self._sessions.hold(work, seat.session_id)
            row = work.session.get(PasswordRow, who.person_id)
            if row is None:
                row = PasswordRow(org_id=who.org_id, person_id=who.person_id)
                work.session.add(row)
            row.hashed, row.set_at = hashed, work.now()
            for table in (DeviceRow, PendingRow):
                work.session.execute(delete(table).where(table.person_id == who.person_id))
            self._sessions.revoke_all(work, who, but=seat.session_id)
            self._sessions.drop_links(work, who.person_id)
            self._tell(work, who, "accounts::set-password", who.person_id, ["jindou.own-account"])

    def begin_totp(self, seat: Seat) -> Enrolment:
        """Make a new secret for somebody's authenticator, in a session that has just begun.

        Raises:
            SignInStale: the person last proved who they are more than ten minutes ago, or it is the operator's.
        """
        self._prove(seat, None)
        return self.factors.begin(seat)

    def confirm_totp(self, seat: Seat, typed: Code) -> RecoveryCodes:
        """Have a new authenticator count; return new recovery codes.

        Raises:
            SignInStale: as `begin_totp` says.
            NoSecondFactor, CodeWrong, SignInThrottled: no secret was made, or the code is not of it.
        """
        self._prove(seat, None)
        return self.factors.confirm(seat, typed)

    def remove_totp(self, work: Work, seat: Seat) -> None:
        """Take one's authenticator and recovery codes away.

        Raises:
            SignInStale: as `begin_totp` says.
            NoSecondFactor, SecondFactorNeeded: there is none, or the organisation requires it.
        """
        self._prove(seat, None)
        self.factors.remove(work, seat.who)

    def ask_to_add_passkey(self, seat: Seat) -> tuple[dict[str, Any], str]:
        """Return what a browser needs to make a passkey, and the token that its answer comes with.

        Raises:
            SignInStale: as `begin_totp` says.
            PasskeyInvalid: there are as many as anybody may have.
        """
        self._prove(seat, None)
        return self.passkeys.ask_to_add(seat)

    def remove_passkey(self, work: Work, seat: Seat, passkey_id: str) -> None:
        """Take one of one's passkeys away.

        Raises:
            SignInStale: as `begin_totp` says.
            NotFound: one has no such passkey.
        """
        self._prove(seat, None)
        self.passkeys.remove(work, seat.who, passkey_id)

    def renew_codes(self, work: Work, seat: Seat) -> RecoveryCodes:
        """Return new recovery codes; those before are gone.

        Raises:
            SignInStale: as `begin_totp` says.
            NoSecondFactor: there is no authenticator to stand in for.
        """
        self._prove(seat, None)
        return self.factors.renew_codes(work, seat.who)

    def rules(self, work: Work, who: Principal) -> AccountRules:
        """Return what somebody's organisation asks of accounts."""
        return AccountRules(second_factor=self.factors.is_required(work, who.org_id))

    def set_rules(self, work: Work, seat: Seat, rules: AccountRules) -> AccountRules:
        """Say what the organisation asks of accounts.

        Once a second factor is required, whoever came in without one is signed out, and does nothing before they have
        one. Sessions of the operator, and in an emergency, need none.

        Raises:
            Forbidden: who asks is no administrator.
            SignInStale: they proved who they are more than ten minutes ago.
            NoSecondFactor: they have no second factor themselves, and would be shut out.
        """
        who = seat.who
        by = self._require(who)
        self.proving.require(seat)
        has_one = self.factors.has_any(work, who.person_id) or self.passkeys.list_passkeys(work, who.person_id)
        if rules.second_factor and not has_one:
            raise NoSecondFactor("Set up a second factor of your own first.")
        row = work.session.get(RulesRow, who.org_id)
        if row is None:
            row = RulesRow(org_id=who.org_id, second_factor=False)
            work.session.add(row)
        if rules.second_factor and not row.second_factor:
            self._sessions.close_single(work, but=seat.session_id)
        row.second_factor = rules.second_factor
        self._tell(work, who, "accounts::set-rules", who.org_id, by, second_factor=rules.second_factor)
        return rules

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
        # Sessions first: what one of them was about to add waits for this, or is there already and goes with the rest.
        self._sessions.close_all(work, person_id)
        self.depart(work, person_id)
        self._tell(work, who, "accounts::reset", person_id, rules)
        return self._accounts(work, person_id)[0]

    def depart(self, work: Work, person_id: str) -> None:
        """Take away what somebody proves themselves by, in the transaction that deactivates them."""
        self.factors.depart(work, person_id)
        self.passkeys.depart(work, person_id)
        for table in (PasswordRow, DeviceRow, PendingRow):
            work.session.execute(delete(table).where(table.person_id == person_id))

    def may_manage(self, who: Principal) -> bool:
        """Say whether somebody may reset others."""
        return self._policy.decide(who, "people::manage", Resource("Organisation", who.org_id), {}).verb == "allow"

    def _prove(self, seat: Seat, old: SecretStr | None) -> None:
        """Make sure that it is the person who sits there."""
        who = seat.who
        if old is None:
            self.proving.require(seat, own=True)
            if seat.must_enrol and self._has_passkey(who):
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

    def _has_passkey(self, who: Principal) -> bool:
        with self._database.reading(who.org_id) as work:
            return bool(self.passkeys.list_passkeys(work, who.person_id))

    def _accounts(self, work: Work, person_id: str | None = None) -> list[Account]:
        codes = select(func.count()).select_from(RecoveryRow).where(RecoveryRow.person_id == PersonRow.id)
        people = select(PersonRow, PasswordRow.set_at, TotpRow.made_at, codes.scalar_subquery())
        held = (
            people.where(PersonRow.kind == "person")
            .outerjoin(PasswordRow, PasswordRow.person_id == PersonRow.id)
            .outerjoin(TotpRow, and_(TotpRow.person_id == PersonRow.id, TotpRow.is_confirmed))
            .order_by(PersonRow.id)
        )
        if person_id is None:
            passkeys = self.passkeys.of_everybody(work)
        else:
            held = held.where(PersonRow.id == person_id)
            passkeys = {person_id: self.passkeys.list_passkeys(work, person_id)}
        return [
            Account(
                person_id=row.id,
                handle=row.handle,
                name=row.name,
                password_set_at=set_at,
                totp_since=made_at,
                recovery_codes=left,
                passkeys=passkeys.get(row.id, []),
            )
            for row, set_at, made_at, left in work.session.execute(held)
        ]

    def _require(self, who: Principal) -> list[str]:
        decision = self._policy.require(who, "people::manage", Resource("Organisation", who.org_id), {})
        return [rule.id for rule in decision.rules]

    def _tell(self, work: Work, who: Principal, action: str, resource: str, rules: list[str], **detail: object) -> None:
        entry = Entry(action=action, resource=resource, decision="allow", rules=rules, detail=detail)
        self._audit.append(work, who.org_id, actor=who.actor, on_behalf_of=who.person_id, entry=entry)
