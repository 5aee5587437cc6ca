"""Secrets: credentials for outside systems. A value goes in, and never comes out."""

from collections.abc import Sequence

from jindou_client.transport import Transport
from jindou_client.types import Rewrapping, SecretOwner, StoredSecret

__all__ = ["Secrets"]


class Secrets:
    """One's own secrets and, for managers, the organisation's."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def put(self, name: str, value: str, *, owner: SecretOwner = "person") -> StoredSecret:
        """Add a secret of 8 bytes to 64 KB, or give one that was revoked a new value.

        Raises:
            Conflict: there is one of that name.
        """
        return self._transport.post(StoredSecret, "/api/secrets", {"name": name, "value": value, "owner": owner})

    def list(self) -> Sequence[StoredSecret]:
        """Return the secrets, without their values."""
        return self._transport.get(list[StoredSecret], "/api/secrets")

    def rotate(self, secret_id: str, value: str) -> StoredSecret:
        """Give a secret a new value, as its next version.

        Raises:
            Conflict: it was revoked.
        """
        return self._transport.post(StoredSecret, f"/api/secrets/{secret_id}/rotation", {"value": value})

    def revoke(self, secret_id: str) -> StoredSecret:
        """Destroy the value of a secret: the next use is refused."""
        return self._transport.post(StoredSecret, f"/api/secrets/{secret_id}/revocation")

    def rewrap(self) -> Rewrapping:
        """Make a new key of the vault, and wrap everything by it; for the local operator."""
        return self._transport.post(Rewrapping, "/api/secrets/rewrapping")

    def rewrapping(self) -> Rewrapping:
        """Return what an older key of the vault still wraps; for the local operator."""
        return self._transport.get(Rewrapping, "/api/secrets/rewrapping")
