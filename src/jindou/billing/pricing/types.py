"""Money and prices."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from typing_extensions import override

__all__ = ["MICRO", "Money", "Price"]

MICRO = 1_000_000
"""Micro-units in one unit of a currency."""

_UNITS = ("input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens", "calls")


def _known(rates: dict[str, int]) -> dict[str, int]:
    strange = [unit for unit in rates if unit not in _UNITS]
    if strange:
        raise ValueError(f"there is no unit {strange[0]!r}; there are {', '.join(_UNITS)}")
    return rates


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


class Price(BaseModel):
    """Micro-units of `currency` for a million of each unit.

    It holds from `valid_from` until a later price of the SKU, and no longer than `valid_until`, both days in UTC. The
    SKU of a model is ``model:<name>``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sku: str = Field(min_length=1, max_length=120)
    valid_from: date
    valid_until: date | None = None
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    per_million: Annotated[dict[str, Annotated[int, Field(ge=0)]], AfterValidator(_known)]
