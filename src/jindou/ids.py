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
        self._stem = (-1, "")
        self._lock = threading.Lock()

    def new_id(self, prefix: str, now: datetime) -> str:
        """Return an id of `prefix` made at `now`."""
        return f"{prefix}_{self._next(_milliseconds(now))}"

    def new_ids(self, prefix: str, count: int, now: datetime) -> list[str]:
        """Return `count` ids of `prefix` made at `now`, in their order."""
        milliseconds = _milliseconds(now)
        return [f"{prefix}_{self._next(milliseconds)}" for _ in range(count)]

    def _next(self, milliseconds: int) -> str:
        with self._lock:
            if self._last >> 80 == milliseconds:
                self._last += 1
            else:
                self._last = (milliseconds << 80) | int.from_bytes(self._random_bytes(10), "big")
            number = self._last
            # Within a millisecond all but the last digits stay: most of the work is done once.
            above, stem = self._stem
            if above != number >> 20:
                above, stem = self._stem = number >> 20, _digits(number >> 20, 22)
        return f"{stem}{_PAIRS[(number >> 10) & 1023]}{_PAIRS[number & 1023]}"


def first_id(prefix: str, at: datetime) -> str:
    """Return what no id of `prefix` made at `at` or later sorts before."""
    return f"{prefix}_{_digits(_milliseconds(at) << 80, 26)}"


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _digits(number: int, count: int) -> str:
    """Return the last `count` digits of a number, an even count."""
    return "".join([_PAIRS[(number >> shift) & 1023] for shift in range(5 * count - 10, -1, -10)])
