"""What would be decided about a call, and why: asked, never done."""

from jindou.agents.decisions.service import Decisions
from jindou.agents.decisions.types import Answer, PersonRights, Proposal, ToolCondition, ToolRight

__all__ = ["Answer", "Decisions", "PersonRights", "Proposal", "ToolCondition", "ToolRight"]
