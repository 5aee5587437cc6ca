"""Money of the shop: yuan at the doors, integer micro-units (1 CNY = 1,000,000) inside."""

from decimal import Decimal, InvalidOperation
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

__all__ = ["CURRENCY", "Amount", "money", "to_micro"]

CURRENCY = "CNY"

_MICRO = 1_000_000
_MICRO_OF_A_FEN = 10_000
_LARGEST = Decimal(1_000_000)
_FEN = Decimal("0.01")


def _exact(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise ValueError("give the amount as a number, such as 25.5")  # noqa: TRY004 - what pydantic reports
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        raise ValueError("give the amount as a number, such as 25.5") from None
    if not amount.is_finite() or amount <= 0:
        raise ValueError("the amount must be more than 0")
    if amount > _LARGEST:
        raise ValueError(f"the amount must be at most {_LARGEST}")
    if amount != (rounded := amount.quantize(_FEN)):
        raise ValueError("the amount must have at most two decimals")
    return rounded


Amount = Annotated[
    Decimal,
    BeforeValidator(_exact),
    # A float shows at most 15 digits truly; an amount up to a million with two decimals has 9.
    PlainSerializer(float, return_type=float, when_used="json"),
    WithJsonSchema({"type": "number", "description": "Amount in yuan, such as 25.5", "x-copied": True}),
]
"""Yuan with two decimals, taken from the digits that the caller wrote and never from binary arithmetic."""


def to_micro(amount: Decimal) -> int:
    """Return `amount` yuan in micro-units."""
    return int(amount * _MICRO)


def money(micro: int) -> str:
    """Return `micro` micro-units for a reader: ``120.00 CNY``."""
    yuan, rest = divmod(abs(micro), _MICRO)
    return f"{'-' if micro < 0 else ''}{yuan}.{rest // _MICRO_OF_A_FEN:02} {CURRENCY}"
