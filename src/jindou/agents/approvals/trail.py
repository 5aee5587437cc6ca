"""What the trail keeps of approvals: what was decided, and whose consent holds no more."""

from collections.abc import Sequence
from typing import Any

from jindou.agents.approvals.queries import entry_of
from jindou.agents.approvals.rights import Right
from jindou.agents.approvals.tables import ApprovalRow
from jindou.agents.approvals.types import Lapse, Vote
from jindou.db import Work
from jindou.identity.audit import Audit

__all__ = ["Trail"]


class Trail:
    """Writes into the organisation's audit trail, in the transaction of what it tells."""

    def __init__(self, audit: Audit) -> None:
        self._audit = audit

    def decided(self, work: Work, row: ApprovalRow, right: Right, decision: str, **detail: object) -> None:
        """Tell of a decision, by whose right it was made, and what was changed before it."""
        entry = entry_of(row, "approvals::decide", decision, right_of=right.owner.person_id, **detail, **_edited(row))
        entry.rules = [rule.id for rule in right.decision.rules]
        self._audit.append(work, row.org_id, actor=right.who.actor, on_behalf_of=right.who.person_id, entry=entry)

    def voided(self, work: Work, row: ApprovalRow, right: Right, votes: Sequence[Vote], why: Lapse) -> None:
        """Tell whose consent holds no more: since what it was for is another by now, or their right is lost."""
        for vote in votes:
            entry = entry_of(
                row,
                "approvals::void",
                "deny",
                approval=row.id,
                why=why,
                approved_at=vote.at.isoformat(),
                right_of=vote.right_of,
            )
            entry.resource, entry.rules = vote.person_id, []
            entry.detail["arguments_hash"] = vote.arguments_hash
            # Nobody takes away a right by deciding: that is only when it is noticed.
            actor, whose = ("system", vote.person_id) if why == "rights" else (right.who.actor, right.who.person_id)
            self._audit.append(work, row.org_id, actor=actor, on_behalf_of=whose, entry=entry)

    def expired(self, work: Work, row: ApprovalRow) -> None:
        """Tell that nobody decided in time."""
        entry = entry_of(row, "approvals::expire", "deny")
        self._audit.append(work, row.org_id, actor="system", on_behalf_of=row.requested_by, entry=entry)


def _edited(row: ApprovalRow) -> dict[str, Any]:
    if row.edited_by_name is None:
        return {}
    return {"edited_by": row.edited_by_name, "arguments": row.arguments, "asked_arguments": row.asked_arguments}
