"""Conversations between a person and an assistant."""

from jindou.agents.conversations.service import Conversations
from jindou.agents.conversations.types import Conversation

__all__ = ["Conversation", "Conversations"]
