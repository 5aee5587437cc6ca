"""Amounts and shares as people write them."""

import re
from decimal import Decimal

from jindou.errors import Invalid

__all__ = ["micro_of", "share_of"]

_AMOUNT = re.compile(r"\d{1,10}(\.\d{1,6})?", re.ASCII)
_SHARE = re.compile(r"(\d{1,3}(?:\.\d{1,4})?)\s*%", re.ASCII)
_MICRO = 1_000_000
_LARGEST = 2**53 - 1


def micro_of(text: str, field: str) -> int:
    """Return the micro-units of a decimal: ``50``, ``0.25``, ``1,250.50``.

    Raises:
        Invalid: it is no amount, has more than six decimals, or is too large.
    """
    plain = text.strip()
    if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", plain, re.ASCII):
        plain = plain.replace(",", "")
    if _AMOUNT.fullmatch(plain) and (micro := int(Decimal(plain) * _MICRO)) <= _LARGEST:
        return micro
    raise Invalid(f"{text!r} is no amount; write it as 50 or 0.25.", field=field, rule="up to six decimals")


def share_of(text: str, field: str) -> float:
    """Return the share that a percentage says: ``80%`` is 0.8.

    Raises:
        Invalid: it is no percentage above 0 and up to 100.
    """
    found = _SHARE.fullmatch(text.strip())
    share = float(Decimal(found[1]) / 100) if found else 0.0
    if not 0 < share <= 1:
        raise Invalid(f"{text!r} is no share; write it as 80%.", field=field, rule="above 0% and up to 100%")
    return share
