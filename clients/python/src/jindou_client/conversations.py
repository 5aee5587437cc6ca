"""Conversations with assistants."""

from collections.abc import Sequence

from jindou_client.transport import Transport
from jindou_client.types import Conversation, RunDetail

__all__ = ["Conversations"]


class Conversations:
    """One's own conversations."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, limit: int = 50) -> Sequence[Conversation]:
        """Return one's conversations, the latest first."""
        return self._transport.get(list[Conversation], "/api/conversations", {"limit": limit})

    def get(self, conversation_id: str) -> Conversation:
        """Return one conversation."""
        return self._transport.get(Conversation, f"/api/conversations/{conversation_id}")

    def runs(self, conversation_id: str) -> Sequence[RunDetail]:
        """Return the runs of a conversation with their journals, the oldest first."""
        return self._transport.get(list[RunDetail], f"/api/conversations/{conversation_id}/runs")
