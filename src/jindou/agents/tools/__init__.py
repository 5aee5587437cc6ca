"""The one doorway for every tool call."""

from jindou.agents.tools.types import Call, Change, Facts, Localized, Risk, Tool, ToolError, tool

__all__ = ["Call", "Change", "Facts", "Localized", "Risk", "Tool", "ToolError", "tool"]
