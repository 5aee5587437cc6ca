from jindou.agents.assistants.types import Assistant, Example

__all__ = ["Assistant", "Example"]
