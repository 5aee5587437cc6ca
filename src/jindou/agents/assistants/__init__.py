"""Assistants: instructions, tools and examples, as a folder."""

from jindou.agents.assistants.service import Assistants
from jindou.agents.assistants.types import Assistant, Example, Limits

__all__ = ["Assistant", "Assistants", "Example", "Limits"]
