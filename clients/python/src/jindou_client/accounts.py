"""Accounts: what people prove themselves by."""

from collections.abc import Sequence

from jindou_client.transport import Transport
from jindou_client.types import Account, AccountRules, Enrolment, RecoveryCodes

__all__ = ["Accounts"]


class Accounts:
    """One's own account, and for administrators those of others."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def mine(self) -> Account:
        """Return how one can prove who one is."""
        return self._transport.get(Account, "/api/accounts/me")

    def change_password(self, new: str, old: str | None = None) -> None:
        """Give oneself a new password; `old` may be left out in a session that has just begun. Other sessions end."""
        self._transport.put(object, "/api/accounts/me/password", {"new": new, "old": old})

    def prove(self, *, password: str | None = None, code: str | None = None) -> None:
        """Prove again who one is, by a code if one has an authenticator, else by a password.

        What answers ``sign_in_stale`` can be done for ten minutes then.
        """
        given = {"password": password, "code": code}
        body = {name: value for name, value in given.items() if value is not None}
        self._transport.post(object, "/api/accounts/me/proof", body)

    def begin_totp(self) -> Enrolment:
        """Return a new secret for one's authenticator; it counts once `confirm_totp` has seen a code of it."""
        return self._transport.post(Enrolment, "/api/accounts/me/totp")

    def confirm_totp(self, code: str) -> RecoveryCodes:
        """Have the new authenticator count; return new recovery codes."""
        return self._transport.post(RecoveryCodes, "/api/accounts/me/totp/confirmation", {"code": code})

    def remove_totp(self) -> None:
        """Take one's authenticator and recovery codes away."""
        self._transport.delete("/api/accounts/me/totp")

    def renew_recovery_codes(self) -> RecoveryCodes:
        """Return new recovery codes; those before are gone."""
        return self._transport.post(RecoveryCodes, "/api/accounts/me/recovery-codes")

    def remove_passkey(self, passkey_id: str) -> None:
        """Take one of one's passkeys away. They are made in a browser."""
        self._transport.delete(f"/api/accounts/me/passkeys/{passkey_id}")

    def rules(self) -> AccountRules:
        """Return what one's organisation asks of accounts."""
        return self._transport.get(AccountRules, "/api/accounts/rules")

    def set_rules(self, *, second_factor: bool) -> AccountRules:
        """Say whether the organisation requires a second factor, as an administrator."""
        return self._transport.put(AccountRules, "/api/accounts/rules", {"second_factor": second_factor})

    def list(self) -> Sequence[Account]:
        """Return how each person can prove who they are, for administrators."""
        return self._transport.get(list[Account], "/api/accounts")

    def reset(self, person_id: str) -> Account:
        """Take away what somebody proves themselves by, and end their sessions, as an administrator."""
        return self._transport.post(Account, f"/api/accounts/{person_id}/reset")
