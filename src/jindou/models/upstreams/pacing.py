"""Streams that say more than anybody can read are passed on a hundred times a second, and not piece by piece."""

import asyncio
from collections.abc import Callable
from typing import Final

__all__ = ["Pace", "Pacer"]

_FAST: Final = 200.0
"""Pieces a second beyond which nobody sees them one by one."""

_AT_ONCE: Final = 8.0
"""Pieces that may come together in a stream that is no faster."""

_REST_SECONDS: Final = 0.01


class Pace:
    """How fast one stream is: a bucket that fills with time, and from which every piece takes."""

    def __init__(self) -> None:
        self._left = _AT_ONCE
        self._at = 0.0

    def begin(self, now: float) -> None:
        """Forget the stream before."""
        self._left, self._at = _AT_ONCE, now

    def is_fast(self, now: float, pieces: int) -> bool:
        """Count `pieces` that came until `now`, and say whether they come faster than anybody reads them."""
        left = min(self._left + (now - self._at) * _FAST, _AT_ONCE) - pieces
        self._left, self._at = max(left, -_AT_ONCE), now
        return left < 0


class Pacer:
    """Lets connections rest, and goes on with all of them at once: to wake up costs more than a piece does."""

    def __init__(self) -> None:
        self._resting: list[Callable[[], None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    def rest(self, go_on: Callable[[], None]) -> None:
        """Have `go_on` called in a hundredth of a second at most. Call it in the event loop."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            # Those of a loop that has ended are over.
            self._loop, self._resting = loop, []
        self._resting.append(go_on)
        if len(self._resting) == 1:
            loop.call_later(_REST_SECONDS, self._go_on)

    def _go_on(self) -> None:
        resting, self._resting = self._resting, []
        for go_on in resting:
            go_on()
