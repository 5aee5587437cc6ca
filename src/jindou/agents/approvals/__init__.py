from jindou.agents.approvals.types import Approval, ApprovalStatus, Verdict

__all__ = ["Approval", "ApprovalStatus", "Verdict"]
