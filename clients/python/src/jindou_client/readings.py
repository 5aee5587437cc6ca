"""Readings: who has read one's conversations, and reading somebody else's where that is open."""

from collections.abc import Sequence

from jindou_client.transport import Transport
from jindou_client.types import ReadConversation, Reading, ReadingPolicy

__all__ = ["Readings"]


class Readings:
    """Readings of conversations by administrators; each has a reason, and is shown to the person."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, limit: int = 100) -> Sequence[Reading]:
        """Return who has read one's own conversations, the newest first."""
        return self._transport.get(list[Reading], "/api/readings", {"limit": limit})

    def read(self, subject: str, reason: str) -> ReadConversation:
        """Read the conversation of somebody else that `subject`, its id or that of one of its runs, names.

        Raises:
            Forbidden: one may not, or the organisation has not opened conversations.
        """
        return self._transport.post(ReadConversation, "/api/readings", {"subject": subject, "reason": reason})

    def policy(self) -> ReadingPolicy:
        """Say whether administrators may read others' conversations."""
        return self._transport.get(ReadingPolicy, "/api/readings/policy")

    def set_policy(self, *, is_open: bool) -> ReadingPolicy:
        """Open the organisation's conversations to administrators, or close them.

        Raises:
            Forbidden: one is no administrator.
        """
        return self._transport.put(ReadingPolicy, "/api/readings/policy", {"open": is_open})
