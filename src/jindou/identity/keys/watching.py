"""Whether those who are being answered may still be: looked up every second, for all of them at once."""

import threading
from collections.abc import Callable
from typing import Final

from jindou.db import Database
from jindou.errors import Unavailable
from jindou.identity.keys.service import Keys

__all__ = ["Watching"]

_LOOK_SECONDS: Final = 1.0
_AT_ONCE: Final = 500


class Watching:
    """Keys that are in use right now, and whom to tell when one of them is good no more."""

    def __init__(self, database: Database, keys: Keys) -> None:
        self._database = database
        self._keys = keys
        self._watched: dict[object, tuple[str, Callable[[], None]]] = {}
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, key_id: str, tell: Callable[[], None]) -> Callable[[], None]:
        """Have `tell` called, in our thread, once a key is good no more; call what is returned when it is over."""
        # One step on a dictionary each, so that a request waits for no lock.
        mark = object()
        self._watched[mark] = (key_id, tell)
        return lambda: self._end(mark)

    def look(self) -> None:
        """Tell those whose keys are good no more."""
        watched = dict(self._watched)
        in_use = sorted({key_id for key_id, _ in watched.values()})
        over: set[str] = set()
        for at in range(0, len(in_use), _AT_ONCE):
            some = in_use[at : at + _AT_ONCE]
            try:
                with self._database.reading(None) as work:
                    over |= set(some) - self._keys.good(work, some)
            except Unavailable:
                # Nobody can say now; whoever was let in stays until somebody can.
                return
        for mark, (key_id, tell) in watched.items():
            if key_id in over and self._watched.pop(mark, None) is not None:
                tell()

    def start(self) -> None:
        """Begin to look."""
        self._thread = threading.Thread(target=self._keep_looking, name="keys-in-use", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=5.0)

    def _end(self, mark: object) -> None:
        self._watched.pop(mark, None)

    def _keep_looking(self) -> None:
        while not self._stopping.wait(_LOOK_SECONDS):
            if self._watched:
                self.look()
