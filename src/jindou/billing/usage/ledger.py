"""The ledger of the gateway: many calls in one transaction, and nobody told of one that is not on disk."""

from jindou.billing.pricing import Money
from jindou.billing.usage.attempts import Attempts
from jindou.billing.usage.types import Admission, Opening, Quantities
from jindou.db import Database

__all__ = ["Ledger"]


class Ledger:
    """Opens and settles attempts in batches: one writer thread, one transaction a batch.

    Every verb returns once its batch is durable. Those with `_blocking` are for threads; the others for an event loop.
    All of them raise DatabaseUnavailable when the database is locked, full or gone; nothing was written then.
    """

    def __init__(self, database: Database, attempts: Attempts) -> None: ...

    def start(self) -> None:
        """Begin to write."""

    def stop(self, seconds: float = 5.0) -> None:
        """Write what waits, and end. What is asked for afterwards is refused with DatabaseUnavailable."""

    async def open(self, opening: Opening) -> Admission:
        """Hold the worst case of a call.

        Raises:
            BudgetExceeded, RateLimited: a limit that binds it has no room.
            PriceMissing: one of its SKUs has no price.
        """

    async def settle(self, attempt_id: str, used: Quantities, sku: str | None = None) -> Money:
        """Write the one ledger row of an attempt: at the price of the day it was opened, of the SKU that answered.

        Raises:
            AttemptClosed: it has its row already, or used nothing.
            NotFound: there is no such attempt.
        """

    async def void(self, attempt_id: str, reason: str) -> None:
        """Write that the call used nothing."""

    async def lose(self, attempt_id: str, reason: str) -> None:
        """Write that nobody knows what the call used: its worst case stays held."""

    def open_blocking(self, opening: Opening) -> Admission:
        """As `open`."""

    def settle_blocking(self, attempt_id: str, used: Quantities, sku: str | None = None) -> Money:
        """As `settle`."""

    def void_blocking(self, attempt_id: str, reason: str) -> None:
        """As `void`."""

    def lose_blocking(self, attempt_id: str, reason: str) -> None:
        """As `lose`."""
