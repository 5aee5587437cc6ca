from jindou.billing.pricing.types import MICRO, Money

__all__ = ["MICRO", "Money"]
