"""Money and prices."""

from pydantic import BaseModel, ConfigDict
from typing_extensions import override

__all__ = ["MICRO", "Money"]

MICRO = 1_000_000
"""Micro-units in one unit of a currency."""


class Money(BaseModel):
    """An amount in integer micro-units of an ISO 4217 currency: 25.50 CNY is ``micro=25_500_000``."""

    model_config = ConfigDict(frozen=True)

    micro: int
    currency: str

    @override
    def __str__(self) -> str:
        return f"{self.decimal()} {self.currency}"

    def decimal(self, places: int = 2) -> str:
        """Return the amount with `places` decimals at least, and as many more as it needs to be exact."""
        sign = "-" if self.micro < 0 else ""
        whole, rest = divmod(abs(self.micro), MICRO)
        decimals = f"{rest:06d}".rstrip("0").ljust(places, "0")
        return f"{sign}{whole}.{decimals}" if decimals else f"{sign}{whole}"
