"""Money, and the price book."""

from jindou.billing.pricing.service import Price, PriceBook, PriceMissing
from jindou.billing.pricing.types import MICRO, Money

__all__ = ["MICRO", "Money", "Price", "PriceBook", "PriceMissing"]
