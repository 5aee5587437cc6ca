"""Accounts: what people prove themselves by."""

from collections.abc import Sequence

from jindou_client.transport import Transport
from jindou_client.types import Account

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

    def list(self) -> Sequence[Account]:
        """Return how each person can prove who they are, for administrators."""
        return self._transport.get(list[Account], "/api/accounts")

    def reset(self, person_id: str) -> Account:
        """Take away what somebody proves themselves by, and end their sessions, as an administrator."""
        return self._transport.post(Account, f"/api/accounts/{person_id}/reset")
