"""Calls that wait for a person: bound to their arguments, decided once."""

from jindou.agents.approvals.service import EXPIRE_TASK, RUN_TASK, ApprovalDecided, Approvals
from jindou.agents.approvals.types import Approval, ApprovalStatus, Verdict

__all__ = ["EXPIRE_TASK", "RUN_TASK", "Approval", "ApprovalDecided", "ApprovalStatus", "Approvals", "Verdict"]
