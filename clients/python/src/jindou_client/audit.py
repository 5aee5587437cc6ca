"""The audit trail."""

from collections.abc import Sequence

from jindou_client.transport import Transport
from jindou_client.types import AuditEvent, Verification

__all__ = ["Audit"]


class Audit:
    """Who did what, by which rule."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, limit: int = 100, before: int | None = None) -> Sequence[AuditEvent]:
        """Return events, the newest first, older than number `before`."""
        return self._transport.get(list[AuditEvent], "/api/audit", {"limit": limit, "before": before})

    def verify(self) -> Verification:
        """Have the server check the chain, and return what it found."""
        return self._transport.get(Verification, "/api/audit/verification")
