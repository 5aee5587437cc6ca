"""The one doorway for every tool call."""

from jindou.agents.tools.doorway import Asked, Checked, Doorway, actions_of
from jindou.agents.tools.types import Call, Change, Facts, Localized, Risk, Tool, ToolError, tool

__all__ = [
    "Asked",
    "Call",
    "Change",
    "Checked",
    "Doorway",
    "Facts",
    "Localized",
    "Risk",
    "Tool",
    "ToolError",
    "actions_of",
    "tool",
]
