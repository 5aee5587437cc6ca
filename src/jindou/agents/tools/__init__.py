"""The one doorway for every tool call."""

from jindou.agents.tools.doorway import Asked, Checked, Doorway, actions_of
from jindou.agents.tools.types import Call, Change, Facts, Localized, Tool, ToolError, Undo, tool

__all__ = [
    "Asked",
    "Call",
    "Change",
    "Checked",
    "Doorway",
    "Facts",
    "Localized",
    "Tool",
    "ToolError",
    "Undo",
    "actions_of",
    "tool",
]
