"""Calls that wait for people: bound to their arguments, decided once."""

from jindou.agents.approvals.service import EXPIRE_TASK, RUN_TASK, ApprovalDecided, Approvals
from jindou.agents.approvals.types import (
    Approval,
    ApprovalStatus,
    Case,
    Delegation,
    NewDelegation,
    Origin,
    Verdict,
    Vote,
)

__all__ = [
    "EXPIRE_TASK",
    "RUN_TASK",
    "Approval",
    "ApprovalDecided",
    "ApprovalStatus",
    "Approvals",
    "Case",
    "Delegation",
    "NewDelegation",
    "Origin",
    "Verdict",
    "Vote",
]
