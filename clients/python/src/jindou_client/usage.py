"""Usage: what was used, and what it cost."""

from jindou_client.transport import Transport
from jindou_client.types import DailyUse, Money, Quantities, Statement
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

    def reconcile(self, attempt_id: str, quantities: Quantities, reason: str, sku: str | None = None) -> Money:
        """Settle a call of which nobody knew what it used, and return its cost. `sku` is what answered."""
        found = {"quantities": quantities.model_dump(), "reason": reason, "sku": sku}
        return self._transport.post(Money, f"/api/usage/attempts/{attempt_id}/reconcile", found)
