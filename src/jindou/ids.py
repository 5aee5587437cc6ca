"""Prefixed ids that sort by the time they were made: ``run_06f3k2v9d4_8m…``.

The layout is that of ULID (https://github.com/ulid/spec): 48 bits of milliseconds, then 80 random bits, in
lower-case Crockford base 32, behind a prefix that says what the id names.
"""

from collections.abc import Callable
from datetime import datetime

__all__ = ["new_id"]

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def new_id(prefix: str, now: datetime, random_bytes: Callable[[int], bytes]) -> str:
    """Return an id of `prefix`, made at `now`, with 80 bits from `random_bytes`."""
    number = (int(now.timestamp() * 1000) << 80) | int.from_bytes(random_bytes(10), "big")
    digits = [_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5)]
    return f"{prefix}_{''.join(digits)}"
