"""Usage: what was used, and what it cost."""

from jindou_client.transport import Transport
from jindou_client.types import Statement

__all__ = ["Usage"]


class Usage:
    """The bill."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def statement(self, days: int = 30) -> Statement:
        """Return what the last `days` days cost."""
        return self._transport.get(Statement, "/api/usage", {"days": days})
