"""Assistants: instructions, tools and examples, as a folder."""

from jindou.agents.assistants.service import Assistants
from jindou.agents.assistants.types import Assistant, Example

__all__ = ["Assistant", "Assistants", "Example"]
