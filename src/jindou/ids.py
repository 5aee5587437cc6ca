"""Prefixed ids that sort by the time they were made: ``run_06f3k2v9d48m…``.

The layout is that of ULID (https://github.com/ulid/spec), in lower-case Crockford base 32 behind a prefix that says
what the id names: 48 bits of milliseconds, then 80 random bits, which count up within one millisecond.
"""

import threading
from collections.abc import Callable
from datetime import datetime

__all__ = ["IdMaker", "first_id"]

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = tuple(a + b for a in _ALPHABET for b in _ALPHABET)


class IdMaker:
    """Makes ids. Those of one maker sort in the order in which they were made, also within a millisecond."""

    def __init__(self, random_bytes: Callable[[int], bytes]) -> None:
        self._random_bytes = random_bytes
        self._last = 0
        self._lock = threading.Lock()

    def new_id(self, prefix: str, now: datetime) -> str:
        """Return an id of `prefix` made at `now`."""
        milliseconds = _milliseconds(now)
        with self._lock:
            if self._last >> 80 == milliseconds:
                self._last += 1
            else:
                self._last = (milliseconds << 80) | int.from_bytes(self._random_bytes(10), "big")
            number = self._last
        return _id(prefix, number)


def first_id(prefix: str, at: datetime) -> str:
    """Return what no id of `prefix` made at `at` or later sorts before."""
    return _id(prefix, _milliseconds(at) << 80)


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _id(prefix: str, number: int) -> str:
    return f"{prefix}_{''.join([_PAIRS[(number >> shift) & 1023] for shift in range(120, -1, -10)])}"
