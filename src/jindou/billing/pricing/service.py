"""The price book: what one unit of a SKU costs on a day."""

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter

from jindou.billing.pricing.types import MICRO, Money
from jindou.errors import Invalid, NotFound

__all__ = ["Price", "PriceBook", "PriceMissing"]


class PriceMissing(NotFound):
    """No price holds for a SKU on that day; nothing is given away by default."""

    code = "price_missing"


class Price(BaseModel):
    """Micro-units of `currency` for a million of each unit, from `valid_from` until a later price of the SKU."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sku: str
    valid_from: date
    currency: str
    per_million: dict[str, int]


class PriceBook:
    """Prices by SKU and date."""

    def __init__(self, prices: list[Price], currency: str) -> None:
        self.currency = currency
        self._prices: dict[str, list[Price]] = {}
        for price in sorted(prices, key=lambda p: p.valid_from, reverse=True):
            self._prices.setdefault(price.sku, []).append(price)

    @classmethod
    def load(cls, currency: str, further: Iterable[Price] = ()) -> "PriceBook":
        """Read the price book that comes with Jindou, and take in what other rooms know the price of.

        Raises:
            Invalid: it has no price in `currency`, so that everything would fail when it is done.
        """
        content: Any = yaml.safe_load((Path(__file__).parent / "prices.yaml").read_text(encoding="utf-8"))
        prices = [*TypeAdapter(list[Price]).validate_python(content), *further]
        known = sorted({price.currency for price in prices})
        if currency not in known:
            rule = f"one of {', '.join(known)}"
            raise Invalid(
                f"The price book has no prices in {currency}; it has {', '.join(known)}.", field="currency", rule=rule
            )
        return cls(prices, currency)

    def price(self, sku: str, on: date) -> Price:
        """Return the price of `sku` on a day.

        Raises:
            PriceMissing: none holds.
        """
        for price in self._prices.get(sku, []):
            if price.valid_from <= on and price.currency == self.currency:
                return price
        raise PriceMissing(f"The price book has no {self.currency} price of {sku} on {on}.")

    def cost(self, sku: str, quantities: Mapping[str, int], on: date) -> Money:
        """Return price × quantities, rounded half up to a whole micro-unit.

        Raises:
            PriceMissing: the SKU, or a unit that was used, has no price.
        """
        price = self.price(sku, on)
        total = 0
        for unit, quantity in quantities.items():
            if quantity and unit not in price.per_million:
                raise PriceMissing(f"The price of {sku} does not say what {unit} cost.")
            total += quantity * price.per_million.get(unit, 0)
        return Money(micro=(2 * total + MICRO) // (2 * MICRO), currency=self.currency)
