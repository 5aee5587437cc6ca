"""A circuit breaker: an engine that fails again and again is left alone for a while, then tried with one request."""

from collections import deque
from typing import Final

__all__ = ["Breaker"]

_FAILURES: Final = 5
_WINDOW_SECONDS: Final = 30.0
_FIRST_PAUSE: Final = 1.0
"""One that is started again is back by then, and all that it had under way has failed at once."""
_LONGEST_PAUSE: Final = 64.0


class Breaker:
    """Closed until five failures come within 30 s; then open for 1 s, and twice as long after each failed try.

    Not locked: whoever has it does that.
    """

    def __init__(self) -> None:
        self._failures: deque[float] = deque(maxlen=_FAILURES)
        self._pause = _FIRST_PAUSE
        self._rests_until = 0.0
        self._is_open = False
        self._is_trying = False

    def allows(self, now: float) -> bool:
        """Say whether a request may be sent."""
        return now >= self._rests_until and not (self._is_open and self._is_trying)

    def begin(self) -> bool:
        """Note that one is sent; return whether it is the one that tries."""
        self._is_trying = self._is_open
        return self._is_trying

    def succeeded(self) -> None:
        """Close it."""
        self._failures.clear()
        self._is_open = self._is_trying = False
        self._pause = _FIRST_PAUSE

    def failed(self, now: float) -> None:
        """Count a failure, and open it if there were too many."""
        self._failures.append(now)
        if self._is_open and self._is_trying:
            self._pause = min(self._pause * 2, _LONGEST_PAUSE)
            self._open(now)
        elif not self._is_open and len(self._failures) == _FAILURES and now - self._failures[0] <= _WINDOW_SECONDS:
            self._open(now)

    def rest(self, now: float, seconds: float) -> None:
        """Send nothing for a while, because the engine asked for that."""
        self._rests_until = max(self._rests_until, now + seconds)

    def gave_up(self) -> None:
        """Note that the request that tried said nothing of the engine."""
        self._is_trying = False

    def state(self, now: float) -> str:
        """Return ``closed``, ``open`` or ``half-open``."""
        if now < self._rests_until:
            return "open"
        return "half-open" if self._is_open else "closed"

    def _open(self, now: float) -> None:
        self._is_open, self._is_trying = True, False
        self._rests_until = now + self._pause
