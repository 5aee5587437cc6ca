"""Money, and the price book."""

from jindou.billing.pricing.service import PriceBook, PriceMissing
from jindou.billing.pricing.types import MICRO, Money, Price

__all__ = ["MICRO", "Money", "Price", "PriceBook", "PriceMissing"]
