"""Keys: what a program shows to ask a model in one's name."""

from collections.abc import Sequence

from jindou_client.transport import Transport
from jindou_client.types import Key, KeyScope, NewKey

__all__ = ["Keys"]


class Keys:
    """One's own keys."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self,
        name: str,
        *,
        days: int | None = None,
        models: Sequence[str] | None = None,
        scopes: Sequence[KeyScope] | None = None,
        assistant: str | None = None,
    ) -> NewKey:
        """Make a key that is good for `days` (else for ever), for `models` and for `scopes` (else for all).

        The answer has its `secret`, which nobody can read again. `assistant` is what the bill names its calls by.
        """
        asked: dict[str, object] = {"name": name, "days": days, "assistant": assistant}
        asked["models"] = None if models is None else [*models]
        asked["scopes"] = None if scopes is None else [*scopes]
        return self._transport.post(NewKey, "/api/keys", asked)

    def list(self) -> Sequence[Key]:
        """Return one's own keys, the newest first."""
        return self._transport.get(list[Key], "/api/keys")

    def get(self, key_id: str) -> Key:
        """Return one key."""
        return self._transport.get(Key, f"/api/keys/{key_id}")

    def revoke(self, key_id: str) -> Key:
        """Take a key back, at once and for good."""
        return self._transport.post(Key, f"/api/keys/{key_id}/revocation")

    def rotate(self, key_id: str, *, grace_hours: float = 24.0) -> NewKey:
        """Give a key a new secret; the old one is good for `grace_hours` more.

        Raises:
            Conflict: it has expired or was revoked.
        """
        return self._transport.post(NewKey, f"/api/keys/{key_id}/rotation", {"grace_hours": grace_hours})
