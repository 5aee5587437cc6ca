"""The audit trail."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, TypedDict, Unpack

from jindou_client.transport import Transport
from jindou_client.types import AuditEvent, Verification

__all__ = ["Audit", "AuditFilters", "Decision"]

Decision = Literal["allow", "ask", "deny"]


class AuditFilters(TypedDict, total=False):
    """What `Audit.search` can look for: `who` is a handle or an id, `action` how the action begins."""

    who: str
    action: str
    decision: Decision
    since: datetime
    until: datetime
    before: int
    limit: int


class Audit:
    """Who did what, by which rule."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, limit: int = 100, before: int | None = None) -> Sequence[AuditEvent]:
        """Return events, the newest first, older than number `before`."""
        return self._transport.get(list[AuditEvent], "/api/audit", {"limit": limit, "before": before})

    def search(self, **filters: Unpack[AuditFilters]) -> Sequence[AuditEvent]:
        """Return the events that fit all filters, the newest first."""
        plain = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in filters.items()}
        return self._transport.get(list[AuditEvent], "/api/audit", plain)

    def verify(self) -> Verification:
        """Have the server check the chain, and return what it found."""
        return self._transport.get(Verification, "/api/audit/verification")
