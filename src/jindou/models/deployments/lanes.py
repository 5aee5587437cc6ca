"""What one engine has to do: how many requests are under way, who waits for a turn, and whether it works at all."""

import threading
from collections import deque
from collections.abc import Callable
from typing import Final

from jindou.errors import Limited, Unavailable
from jindou.models.deployments.breaker import Breaker
from jindou.models.upstreams import EngineDied

__all__ = ["Lane", "Turn"]

_WAITING_SHARE: Final = 4
"""So many times as many may wait as may be under way."""

_SHAKEN_SECONDS: Final = 5.0
"""So long after an engine died others are asked first, if there are any."""


class Lane:
    """The requests to one engine, of every deployment that has it. Every method may be called from any thread."""

    def __init__(self, engine_id: str, monotonic: Callable[[], float]) -> None:
        self.engine_id = engine_id
        self.picked = 0
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._breaker = Breaker()
        self._shaken_until = 0.0
        self._under_way = 0
        self._waiting: deque[Turn] = deque()

    @property
    def load(self) -> int:
        """How many requests it has, those that wait among them."""
        return self._under_way + len(self._waiting)

    @property
    def waiting(self) -> int:
        """How many wait for a turn."""
        return len(self._waiting)

    @property
    def state(self) -> str:
        """What its breaker says: ``closed`` is well."""
        with self._lock:
            return self._breaker.state(self._monotonic())

    def works(self) -> bool:
        """Say whether its breaker allows another request."""
        with self._lock:
            return self._breaker.allows(self._monotonic())

    def is_shaken(self) -> bool:
        """Say whether it has just died in the middle of an answer: it may do so again."""
        return self._monotonic() < self._shaken_until

    def is_full(self, at_once: int) -> bool:
        """Say whether as many wait as may."""
        return len(self._waiting) >= at_once * _WAITING_SHARE

    def enter(self, at_once: int) -> "Turn":
        """Count a request; its turn has come if fewer than `at_once` are under way."""
        with self._lock:
            turn = Turn(self, is_try=self._breaker.begin())
            self.picked += 1
            if self._under_way < at_once:
                self._under_way += 1
            else:
                turn.has_come = False
                self._waiting.append(turn)
            return turn

    def leave(self, turn: "Turn") -> None:
        """Forget a request, and let the next one in."""
        with self._lock:
            if turn.is_try and not turn.is_told:
                self._breaker.gave_up()
            if not turn.has_come:
                self._waiting.remove(turn)
            elif self._waiting:
                self._waiting.popleft().come()
            else:
                self._under_way -= 1

    def succeeded(self) -> None:
        """Note that the engine answered."""
        with self._lock:
            self._shaken_until = 0.0
            self._breaker.succeeded()

    def failed(self, error: Exception) -> None:
        """Note what went wrong. A limit of the engine's is kept; what is the caller's fault is nothing."""
        with self._lock:
            if isinstance(error, Limited):
                self._breaker.rest(self._monotonic(), error.retry_after)
            elif isinstance(error, Unavailable | OSError):
                if isinstance(error, EngineDied):
                    self._shaken_until = self._monotonic() + _SHAKEN_SECONDS
                self._breaker.failed(self._monotonic())


class Turn:
    """One request's place in a lane. `has_come` is whether it may be made now."""

    def __init__(self, lane: Lane, *, is_try: bool) -> None:
        self.lane = lane
        self.is_try = is_try
        self.is_told = False
        self.has_come = True
        self._tell: Callable[[], object] | None = None

    def come(self) -> None:
        """Let the request be made; the lane calls it under its lock."""
        self.has_come = True
        if self._tell is not None:
            self._tell()

    def when_come(self, tell: Callable[[], object]) -> None:
        """Have `tell` called, in whatever thread, once the turn has come: at once if it has, and perhaps twice."""
        self._tell = tell
        if self.has_come:
            # It may have come while there was nobody to tell.
            tell()

    def wait(self, seconds: float) -> bool:
        """Wait until the turn has come, and say whether it has."""
        if not self.has_come:
            came = threading.Event()
            self.when_come(came.set)
            return came.wait(seconds)
        return True
