"""The price book: what one unit of a SKU costs on a day."""

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from jindou.billing.pricing.types import MICRO, Money, Price
from jindou.errors import Invalid, NotFound
from jindou.wording import field_of, rule_of, told_of

__all__ = ["PriceBook", "PriceMissing"]

_STANDS_IN = {"cached_tokens": "input_tokens", "reasoning_tokens": "output_tokens"}
"""A unit without a price of its own costs what this one does."""

_MOST_KNOWN = 10_000


class PriceMissing(NotFound):
    """No price holds for a SKU on that day; nothing is given away by default."""

    code = "price_missing"


class PriceBook:
    """Prices by SKU and date."""

    def __init__(self, prices: Iterable[Price], currency: str) -> None:
        self.currency = currency
        self._prices: dict[str, list[Price]] = {}
        self._known: dict[tuple[str, date, bool], Mapping[str, int]] = {}
        for price in sorted(prices, key=lambda p: p.valid_from, reverse=True):
            self._prices.setdefault(price.sku, []).append(price)

    @classmethod
    def load(cls, currency: str, given: Iterable[Price] = (), file: Path | None = None) -> "PriceBook":
        """Read the price book that comes with Jindou, prices that were `given`, and those of a `file` if it is there.

        Who names a SKU later in that order sets all its prices in that currency.

        Raises:
            Invalid: `file` holds something else than prices; or there is no price in `currency`, so that everything
                would fail when it is done.
        """
        ours = _read(Path(__file__).parent / "prices.yaml")
        theirs = _read(file) if file is not None and file.is_file() else []
        named: dict[tuple[str, str], list[Price]] = {}
        for source in (ours, list(given), theirs):
            named |= _by_sku(source)
        known = sorted({of for _, of in named})
        if currency not in known:
            rule = f"one of {', '.join(known)}"
            raise Invalid(
                f"The price book has no prices in {currency}; it has {', '.join(known)}.", field="currency", rule=rule
            )
        return cls((price for prices in named.values() for price in prices), currency)

    def renew(self, other: "PriceBook") -> None:
        """Take over the prices of `other`, from any thread. A SKU that is gone keeps its own, since calls are open."""
        self._prices = self._prices | other._prices  # noqa: SLF001 - it is one of us
        # The last: what was worked out from the old prices is kept in the old one, which nobody looks at any more.
        self._known = {}

    def price(self, sku: str, on: date) -> Price:
        """Return the price of `sku` on a day.

        Raises:
            PriceMissing: none holds.
        """
        price = self._find(sku, on)
        if price is None:
            raise PriceMissing(f"The price book has no {self.currency} price of {sku} on {on}.")
        return price

    def cost(self, sku: str, quantities: Mapping[str, int], on: date) -> Money:
        """Return price × quantities, rounded half up to a whole micro-unit.

        Tokens from the cache cost what those of the input do, and those of reasoning what those of the output do,
        where the price does not say.

        Raises:
            PriceMissing: the SKU, or a unit that was used, has no price.
        """
        return Money(micro=_rounded(self._sum(self._rates(sku, on), sku, quantities)), currency=self.currency)

    def worst(self, skus: Iterable[str], quantities: Mapping[str, int], on: date) -> Money:
        """Return what `quantities` cost at the dearest of `skus`, whatever the cache or the reasoning turns out to be.

        Raises:
            PriceMissing: as `cost` says, of any of them.
        """
        return Money(micro=self.worst_micro(skus, quantities, on), currency=self.currency)

    def worst_micro(self, skus: Iterable[str], quantities: Mapping[str, int], on: date) -> int:
        """Return the micro-units of `worst`, for who counts its microseconds."""
        return _rounded(max([self._sum(self._rates(sku, on, worst=True), sku, quantities) for sku in skus]))

    def _sum(self, rates: Mapping[str, int], sku: str, quantities: Mapping[str, int]) -> int:
        total = 0
        for unit, quantity in quantities.items():
            if quantity:
                if unit not in rates:
                    raise PriceMissing(f"The price of {sku} does not say what {unit} cost.")
                total += quantity * rates[unit]
        return total

    def _rates(self, sku: str, on: date, *, worst: bool = False) -> Mapping[str, int]:
        """Return what a million of each unit costs; with `worst`, of whatever it may turn out to have been."""
        all_known = self._known
        known = all_known.get((sku, on, worst))
        if known is None:
            if len(all_known) > _MOST_KNOWN:
                all_known.clear()
            rates: dict[str, int] = {**self.price(sku, on).per_million}
            for unit, stands_in in _STANDS_IN.items():
                if unit not in rates and stands_in in rates:
                    rates[unit] = rates[stands_in]
            if worst:
                rates |= {unit: max(rates[unit], rates[of]) for of, unit in _STANDS_IN.items() if unit in rates}
            known = all_known[sku, on, worst] = rates
        return known

    def _find(self, sku: str, on: date) -> Price | None:
        for price in self._prices.get(sku, ()):
            if price.valid_from <= on and price.currency == self.currency:
                return None if price.valid_until is not None and price.valid_until < on else price
        return None


def _rounded(millionths: int) -> int:
    return (2 * millionths + MICRO) // (2 * MICRO)


def _by_sku(prices: Iterable[Price]) -> dict[tuple[str, str], list[Price]]:
    found: dict[tuple[str, str], list[Price]] = {}
    for price in prices:
        found.setdefault((price.sku, price.currency), []).append(price)
    return found


def _read(path: Path) -> list[Price]:
    try:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        return TypeAdapter(list[Price]).validate_python(content or [])
    except ValidationError as error:
        first = error.errors()[0]
        where = field_of(first)
        raise Invalid(f"{path}, {told_of(first, where, 'it')}", field=where, rule=rule_of(first)) from None
    except (yaml.YAMLError, OSError, UnicodeDecodeError) as error:
        raise Invalid(f"{path} can't be read: {error}.", field=path.name, rule="a list of prices in YAML") from None
