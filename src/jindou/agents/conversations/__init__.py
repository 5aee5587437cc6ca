from jindou.agents.conversations.types import Conversation

__all__ = ["Conversation"]
