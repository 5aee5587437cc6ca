"""Prefixed ids that sort by the time they were made: ``run_06f3k2v9d48m…``.

The layout is that of ULID (https://github.com/ulid/spec), in lower-case Crockford base 32 behind a prefix that says
what the id names: 48 bits of milliseconds, then 80 random bits, which count up within one millisecond.
"""

import threading
from collections.abc import Callable
from datetime import datetime

__all__ = ["IdMaker"]

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


class IdMaker:
    """Makes ids. Those of one maker sort in the order in which they were made, also within a millisecond."""

    def __init__(self, random_bytes: Callable[[int], bytes]) -> None:
        self._random_bytes = random_bytes
        self._last = 0
        self._lock = threading.Lock()

    def new_id(self, prefix: str, now: datetime) -> str:
        """Return an id of `prefix` made at `now`."""
        milliseconds = int(now.timestamp() * 1000)
        with self._lock:
            if self._last >> 80 == milliseconds:
                self._last += 1
            else:
                self._last = (milliseconds << 80) | int.from_bytes(self._random_bytes(10), "big")
            number = self._last
        digits = [_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5)]
        return f"{prefix}_{''.join(digits)}"
