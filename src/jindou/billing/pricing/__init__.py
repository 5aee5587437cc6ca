"""Money, and the price book."""

from jindou.billing.pricing.service import PriceBook, PriceMissing
from jindou.billing.pricing.types import MICRO, Money, Price
from jindou.billing.pricing.watching import PriceWatch

__all__ = ["MICRO", "Money", "Price", "PriceBook", "PriceMissing", "PriceWatch"]
