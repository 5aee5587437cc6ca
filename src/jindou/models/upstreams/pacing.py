"""Streams that say more than anybody can read are passed on a hundred times a second, and not piece by piece."""

import asyncio
from collections.abc import Callable
from typing import Final

__all__ = ["FAST", "Pacer"]

FAST: Final = 200.0
"""Pieces a second beyond which nobody sees them one by one."""

_REST_SECONDS: Final = 0.01


class Pacer:
    """Lets connections rest, and goes on with all of them at once: to wake up costs more than a piece does."""

    def __init__(self) -> None:
        self._resting: list[Callable[[], None]] = []

    def rest(self, go_on: Callable[[], None]) -> None:
        """Have `go_on` called in a hundredth of a second at most. Call it in the event loop."""
        self._resting.append(go_on)
        if len(self._resting) == 1:
            asyncio.get_running_loop().call_later(_REST_SECONDS, self._go_on)

    def _go_on(self) -> None:
        resting, self._resting = self._resting, []
        for go_on in resting:
            go_on()
