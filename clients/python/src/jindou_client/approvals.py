"""Approvals: calls that wait for a person."""

from collections.abc import Sequence
from typing import Literal

from jindou_client.transport import Transport
from jindou_client.types import Approval, ApprovalStatus

__all__ = ["Approvals"]


class Approvals:
    """What waits, and what was decided."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, status: ApprovalStatus | None = None) -> Sequence[Approval]:
        """Return the approvals that one may see, the newest first; with `status`, only those."""
        return self._transport.get(list[Approval], "/api/approvals", {"status": status})

    def get(self, approval_id: str) -> Approval:
        """Return one approval."""
        return self._transport.get(Approval, f"/api/approvals/{approval_id}")

    def decide(self, approval_id: str, decision: Literal["approve", "deny"] = "approve", reason: str = "") -> Approval:
        """Approve or deny exactly this call; a denial needs a `reason`.

        Raises:
            Forbidden: somebody else must decide it; `rules` says why.
            Conflict: it is decided already, or has expired.
        """
        body = {"decision": decision, "reason": reason}
        return self._transport.post(Approval, f"/api/approvals/{approval_id}/decision", body)
