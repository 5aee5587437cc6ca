"""Usage: what was used, and what it cost."""

from jindou_client.transport import Transport
from jindou_client.types import DailyUse, Statement
from jindou_client.usage_types import UseGroup

__all__ = ["Usage"]


class Usage:
    """The bill."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def statement(self, days: int = 30) -> Statement:
        """Return what the last `days` days cost."""
        return self._transport.get(Statement, "/api/usage", {"days": days})

    def daily(self, by: UseGroup = "model", days: int = 30) -> DailyUse:
        """Return what each of the last `days` days cost and used, by model, person, key or assistant."""
        return self._transport.get(DailyUse, "/api/usage/daily", {"by": by, "days": days})
