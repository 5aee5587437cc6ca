"""Approvals: calls that wait for a person."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from jindou_client.transport import Transport
from jindou_client.types import Approval, ApprovalLink, ApprovalStatus, Delegation, Outcome

__all__ = ["Approvals"]


class Approvals:
    """What waits, and what was decided."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(
        self, status: ApprovalStatus | None = None, *, limit: int = 100, before: str | None = None
    ) -> Sequence[Approval]:
        """Return the approvals that one may see, the newest first, older than approval `before`; of `status` alone."""
        asked = {"status": status, "limit": limit, "before": before}
        return self._transport.get(list[Approval], "/api/approvals", asked)

    def get(self, approval_id: str) -> Approval:
        """Return one approval."""
        return self._transport.get(Approval, f"/api/approvals/{approval_id}")

    def list_alike(self, approval_id: str) -> Sequence[Approval]:
        """Return what one may decide now of the same kind as an approval: one assistant, tool and set of rules."""
        return self._transport.get(list[Approval], f"/api/approvals/{approval_id}/alike")

    def decide(
        self,
        approval_id: str,
        decision: Literal["approve", "deny"] = "approve",
        reason: str = "",
        *,
        arguments: Mapping[str, object] | None = None,
        arguments_hash: str | None = None,
        facts_hash: str | None = None,
    ) -> Approval:
        """Approve or deny exactly this call; a denial needs a `reason`.

        With `arguments`, the call is changed before it is approved. With `arguments_hash`, the decision is only for
        the arguments that were seen. With the `facts_hash` of `Approval.now`, it is approved as it was seen then.

        Raises:
            Forbidden: somebody else must decide it; `rules` says why.
            Conflict: it is decided already, has expired, or its arguments are not those that were seen.
            Invalid: the tool does not take these arguments.
        """
        body = {
            "decision": decision,
            "reason": reason,
            "arguments": arguments,
            "arguments_hash": arguments_hash,
            "facts_hash": facts_hash,
        }
        return self._transport.post(Approval, f"/api/approvals/{approval_id}/decision", body)

    def decide_each(
        self, approvals: Sequence[Approval], decision: Literal["approve", "deny"] = "approve", reason: str = ""
    ) -> Sequence[Outcome]:
        """Decide about many as they were seen; each is decided, or not, by itself."""
        seen = [{"approval_id": one.id, "arguments_hash": one.arguments_hash} for one in approvals]
        body = {"approvals": seen, "decision": decision, "reason": reason}
        return self._transport.post(list[Outcome], "/api/approvals/decisions", body)

    def create_link(self, approval_id: str) -> ApprovalLink:
        """Make a link with which one decides about a call once, without signing in; it is good for a day at most."""
        return self._transport.post(ApprovalLink, f"/api/approvals/{approval_id}/links")

    def list_delegations(self) -> Sequence[Delegation]:
        """Return the rights that one handed to others, and those that others handed to one."""
        return self._transport.get(list[Delegation], "/api/approvals/delegations")

    def delegate(
        self,
        to: str,
        ends_at: datetime,
        *,
        starts_at: datetime | None = None,
        assistant: str | None = None,
        tool: str | None = None,
    ) -> Delegation:
        """Hand one's right to decide to the person called `to`, for one assistant or tool or for all.

        Raises:
            Forbidden: one may decide nothing of the kind oneself.
        """
        body = {
            "to": to,
            "ends_at": ends_at.isoformat(),
            "starts_at": starts_at.isoformat() if starts_at else None,
            "assistant": assistant,
            "tool": tool,
        }
        return self._transport.post(Delegation, "/api/approvals/delegations", body)

    def revoke(self, delegation_id: str) -> Delegation:
        """Take back a right that one handed on."""
        return self._transport.post(Delegation, f"/api/approvals/delegations/{delegation_id}/revocation")
