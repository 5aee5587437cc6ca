"""From a row to what the doors show."""

import hashlib

from jindou.agents.approvals.tables import ApprovalRow
from jindou.agents.approvals.types import Approval, Origin, Vote
from jindou.agents.tools import Change
from jindou.billing.pricing import Money
from jindou.db import Work
from jindou.identity.audit import Entry
from jindou.identity.policy import Rule

__all__ = ["as_approval", "entry_of", "is_open", "votes_of"]


def as_approval(row: ApprovalRow, *, can_decide: bool = False) -> Approval:
    """Return an approval."""
    return Approval(
        id=row.id,
        run_id=row.run_id,
        step_id=row.step_id,
        assistant=row.assistant,
        tool=row.tool,
        tool_title=row.tool_title,
        risk=row.risk,
        arguments=row.arguments,
        arguments_hash=row.arguments_hash,
        origins={name: Origin.model_validate(origin) for name, origin in row.origins.items()},
        changes=[Change.model_validate(change) for change in row.changes],
        rules=[Rule.model_validate(rule) for rule in row.rules],
        cost=Money(micro=row.cost_micro, currency=row.currency),
        estimate=Money(micro=row.estimate_micro, currency=row.currency),
        requested_by=row.requested_by,
        requested_by_name=row.requested_by_name,
        message=row.message,
        status=row.status,  # pyright: ignore[reportArgumentType] - pydantic checks it
        needed=row.needed,
        votes=votes_of(row),
        alike=_alike(row),
        created_at=row.created_at,
        expires_at=row.expires_at,
        decided_by_name=row.decided_by_name,
        decided_for_name=row.decided_for_name,
        decided_at=row.decided_at,
        reason=row.reason,
        asked_arguments=row.asked_arguments,
        edited_by_name=row.edited_by_name,
        can_decide=can_decide,
    )


def votes_of(row: ApprovalRow) -> list[Vote]:
    """Return the votes for the arguments that hold."""
    votes = [Vote.model_validate(vote) for vote in row.votes]
    return [vote for vote in votes if vote.arguments_hash == row.arguments_hash]


def is_open(work: Work, row: ApprovalRow) -> bool:
    """Say whether an approval can still be decided."""
    return row.status == "waiting" and work.now() < row.expires_at


def entry_of(row: ApprovalRow, action: str, decision: str, **detail: object) -> Entry:
    """Return what the trail keeps of something done about an approval."""
    return Entry(
        action=action,
        resource=row.id,
        decision=decision,
        rules=[rule["id"] for rule in row.rules],
        run_id=row.run_id,
        step_id=row.step_id,
        detail={"tool": row.tool, "arguments_hash": row.arguments_hash, **detail},
    )


def _alike(row: ApprovalRow) -> str:
    rules = sorted(rule["id"] for rule in row.rules)
    return hashlib.sha256("\0".join([row.assistant, row.tool, *rules]).encode()).hexdigest()[:16]
