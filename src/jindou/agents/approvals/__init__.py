"""Calls that wait for people: bound to their arguments, decided once."""

from jindou.agents.approvals.foresight import Foreseen
from jindou.agents.approvals.service import RUN_TASK, ApprovalDecided, Approvals
from jindou.agents.approvals.terms import Terms
from jindou.agents.approvals.types import Approval, ApprovalStatus, Case, Delegation, NewDelegation, Origin, Verdict

__all__ = [
    "RUN_TASK",
    "Approval",
    "ApprovalDecided",
    "ApprovalStatus",
    "Approvals",
    "Case",
    "Delegation",
    "Foreseen",
    "NewDelegation",
    "Origin",
    "Terms",
    "Verdict",
]
