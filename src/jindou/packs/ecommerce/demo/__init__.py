"""The demo shop's data: the same for the same seed and day."""

from jindou.packs.ecommerce.demo.generate import fill

__all__ = ["fill"]
