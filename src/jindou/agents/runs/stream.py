"""Tells who watches a run what happens in it, in whatever process. The journal is the truth; this only saves waiting.

Inside a process an event is passed on as it is. To the others goes the number of what is in the journal by now, from
which they read it, and the text that a model writes, which is nowhere else.
"""

import threading
from collections.abc import Callable

from jindou.agents.runs.deltas import Deltas, read_delta
from jindou.agents.runs.following import Follower
from jindou.agents.runs.types import RunEvent
from jindou.db import Work
from jindou.durable.signals import Signals
from jindou.telemetry import get_logger

__all__ = ["Stream"]

Told = RunEvent | str
"""An event, or the id of a run that has more in the journal."""

Listener = Callable[[Told | None], None]

_EVENTS = "jindou_run"
_DELTAS = "jindou_text"
_log = get_logger(__name__)


class Stream:
    """Listeners by run. A listener must return at once; it is called from the thread that made the event."""

    def __init__(self, signals: Signals) -> None:
        self._listeners: dict[str, list[Listener]] = {}
        self._lock = threading.Lock()
        self._signals = signals
        self._deltas = Deltas(lambda texts: signals.send_elsewhere(_DELTAS, texts))

    def listen(self) -> None:
        """Pass on what other processes tell, too; before the signals are started."""
        self._signals.subscribe(_EVENTS, self._hear_event)
        self._signals.subscribe(_DELTAS, self._hear_delta)

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

    @staticmethod
    def follower(seen: int) -> Follower:
        """Return what puts in order what a listener hears, for somebody who has the events up to number `seen`."""
        return Follower(seen)

    def close(self) -> None:
        """Tell everybody that this process tells no more: it is about to stop."""
        with self._lock:
            listeners = [listener for known in self._listeners.values() for listener in known]
        for listener in listeners:
            _tell(listener, None)

    def keep(self, work: Work, run_id: str, make: Callable[[], RunEvent]) -> None:
        """Tell everybody of an event of the journal once it is durable; it is made if somebody listens."""
        work.after_commit(lambda: self._pass_on(run_id, make))
        self._signals.publish_elsewhere(work, _EVENTS, run_id)

    def publish(self, event: RunEvent) -> None:
        """Tell everybody who listens of an event that is not kept."""
        self._tell_all(event.run_id, event)
        if not self._signals.is_alone:
            self._deltas.add(event)

    def _hear_event(self, run_id: str) -> None:
        with self._lock:
            runs = [run_id] if run_id else list(self._listeners)
        for one in runs:
            self._tell_all(one, one)

    def _hear_delta(self, text: str) -> None:
        if text:
            event = read_delta(text)
            self._tell_all(event.run_id, event)

    def _pass_on(self, run_id: str, make: Callable[[], RunEvent]) -> None:
        if run_id in self._listeners:
            self._tell_all(run_id, make())

    def _tell_all(self, run_id: str, told: Told) -> None:
        with self._lock:
            listeners = list(self._listeners.get(run_id, ()))
        for listener in listeners:
            _tell(listener, told)


def _tell(listener: Listener, told: Told | None) -> None:
    try:
        listener(told)
    except RuntimeError:
        # The listener's own loop has just closed: its client reads the journal when it comes back.
        _log.info("a listener is gone")
