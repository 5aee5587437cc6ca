"""Tools at work, each in a thread for itself: nobody can stop one, so a run that has to end goes on without it."""

import threading
from collections.abc import Callable
from contextvars import Context
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

from jindou.agents.tools import ToolError
from jindou.errors import JindouError
from jindou.telemetry import get_logger

__all__ = ["AtWork", "Ended"]

_Of = TypeVar("_Of")
_Owner = tuple[str, str]
_Inbox = SimpleQueue[Callable[[], None]]
_LOOK_SECONDS = 0.1
_IDLE_SECONDS = 1.0
_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Ended(Generic[_Of]):
    """What became of a tool: its result, or why there is none."""

    of: _Of
    result: dict[str, Any] | None = None
    error: Exception | None = None

    @property
    def response(self) -> dict[str, Any]:
        """What the journal keeps of it.

        Raises:
            Exception: what the tool raised, unless it is meant for the model.
        """
        if self.error is None:
            return {"result": self.result}
        if isinstance(self.error, ToolError):
            return {"error": str(self.error)}
        raise self.error


class _Threads:
    """Threads that are kept for a moment when their tool has ended, for the next one of the same owner.

    What a tool leaves in its context is gone with it; what a library keeps for a thread is seen by the next one.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: dict[_Owner, list[_Inbox]] = {}

    def begin(self, owner: _Owner, act: Callable[[], None]) -> None:
        with self._lock:
            idle = self._idle.get(owner)
            inbox = idle.pop() if idle else None
        if inbox is None:
            inbox = _Inbox()
            threading.Thread(target=self._work, args=(owner, inbox), name="tool", daemon=True).start()
        inbox.put(act)

    def _work(self, owner: _Owner, inbox: "_Inbox") -> None:
        while True:
            try:
                act = inbox.get(timeout=_IDLE_SECONDS)
            except Empty:
                if self._retire(owner, inbox):
                    return
                # It has just been chosen.
                continue
            # What the one before has set in its context is not for the next one; nor is the tool kept meanwhile.
            Context().run(act)
            del act
            with self._lock:
                self._idle.setdefault(owner, []).append(inbox)

    def _retire(self, owner: _Owner, inbox: "_Inbox") -> bool:
        with self._lock:
            idle = self._idle.get(owner, [])
            if inbox not in idle:
                return False
            idle.remove(inbox)
            if not idle:
                del self._idle[owner]
            return True


_threads = _Threads()


class AtWork(Generic[_Of]):
    """Tools that one run has begun and waits for. `on_late` is told, in its thread, of one it no longer waits for.

    `owner` is an organisation and a pack: no thread comes to see tools of two.
    """

    def __init__(self, owner: _Owner, on_late: Callable[[Ended[_Of]], None]) -> None:
        self._owner = owner
        self._on_late = on_late
        self._ended: SimpleQueue[Ended[_Of]] = SimpleQueue()
        self._lock = threading.Lock()
        self._left = False
        self.pending: list[_Of] = []
        """Those that `next` has not handed out yet."""

    def begin(self, of: _Of, act: Callable[[], dict[str, Any]]) -> None:
        """Do `act` in a thread that does nothing else meanwhile."""
        self.pending.append(of)
        _threads.begin(self._owner, lambda: self._do(of, act))

    def next(self, must_stop: Callable[[], bool]) -> Ended[_Of] | None:
        """Wait for the next one that ends; None if the run has to go on without the rest."""
        while True:
            try:
                ended = self._ended.get(timeout=_LOOK_SECONDS)
            except Empty:
                if must_stop() and self._leave():
                    return None
                continue
            self.pending.remove(ended.of)
            return ended

    def _leave(self) -> bool:
        with self._lock:
            # What has ended meanwhile is still taken.
            self._left = self._ended.empty()
            return self._left

    def _do(self, of: _Of, act: Callable[[], dict[str, Any]]) -> None:
        try:
            ended = Ended(of, act())
        except Exception as error:  # noqa: BLE001 - the run's own thread raises it again
            ended = Ended(of, error=error)
        except BaseException as error:  # noqa: BLE001 - `sys.exit` in a tool ends this thread, and the run would wait
            ended = Ended(of, error=ToolError(f"The tool broke: {type(error).__name__}."))
        with self._lock:
            if not self._left:
                self._ended.put(ended)
                return
        try:
            self._on_late(ended)
        except JindouError as error:
            _log.warning("what became of a tool is not written down", extra={"fields": {"error": error.message}})
