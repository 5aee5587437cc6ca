"""Tells who watches a run what happens in it, inside one process. The journal is the truth; this only saves waiting."""

import threading
from collections.abc import Callable

from jindou.agents.runs.types import RunEvent
from jindou.telemetry import get_logger

__all__ = ["Stream"]

Listener = Callable[[RunEvent | None], None]

_log = get_logger(__name__)


class Stream:
    """Listeners by run. A listener must return at once; it is called from the thread that made the event."""

    def __init__(self) -> None:
        self._listeners: dict[str, list[Listener]] = {}
        self._lock = threading.Lock()

    def subscribe(self, run_id: str, listener: Listener) -> Callable[[], None]:
        """Call `listener` with every event of a run from now on, and with None at the end; the result ends that."""
        with self._lock:
            self._listeners.setdefault(run_id, []).append(listener)

        def end() -> None:
            with self._lock:
                left = [known for known in self._listeners.get(run_id, []) if known is not listener]
                if left:
                    self._listeners[run_id] = left
                else:
                    self._listeners.pop(run_id, None)

        return end

    def close(self) -> None:
        """Tell everybody that this process tells no more: it is about to stop."""
        with self._lock:
            listeners = [listener for known in self._listeners.values() for listener in known]
        for listener in listeners:
            _tell(listener, None)

    def publish(self, event: RunEvent) -> None:
        """Tell everybody who listens."""
        with self._lock:
            listeners = list(self._listeners.get(event.run_id, ()))
        for listener in listeners:
            _tell(listener, event)


def _tell(listener: Listener, event: RunEvent | None) -> None:
    try:
        listener(event)
    except RuntimeError:
        # The listener's own loop has just closed: its client reads the journal when it comes back.
        _log.info("a listener is gone")
