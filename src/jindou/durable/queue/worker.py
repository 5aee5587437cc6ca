"""Threads that take tasks from the queue and do them."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from jindou.db import Database, DatabaseUnavailable
from jindou.durable.queue.service import Queue
from jindou.durable.queue.types import Lease, LeaseLost
from jindou.errors import JindouError
from jindou.telemetry import get_logger

__all__ = ["Handler", "Worker"]

Handler = Callable[[Lease], None]
"""Does a task, and ends it with `Queue.done` in its last transaction."""

_LOOK_SECONDS = 0.5
_IDLE_SECONDS = 5.0
_REAP_SECONDS = 60.0
_LONGEST_WAIT = timedelta(seconds=60)
_MOST_DOUBLINGS = 10
_STEP = timedelta(seconds=2)
"""How far the clock may go back by being kept right; more is somebody's doing."""

_log = get_logger(__name__)


class Worker:
    """`threads` threads that do the tasks of `handlers`, one that looks for them, and one that keeps their leases.

    `reap` is done at the start and every minute: it asks for tasks that should be there and are not.
    """

    def __init__(
        self,
        database: Database,
        queue: Queue,
        handlers: Mapping[str, Handler],
        threads: int,
        *,
        reap: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._queue = queue
        self._handlers = dict(handlers)
        self._reap = reap
        self._stopping = threading.Event()
        self._over = threading.Event()
        self._wake = threading.Condition()
        self._claiming = threading.Lock()
        self._held: dict[str, Lease] = {}
        self._alone: Lease | None = None
        self._threads = [_thread(f"worker-{n}", self._work) for n in range(threads)]
        self._helpers = [_thread("worker-look", self._look), _thread("worker-leases", self._keep_leases)]
        queue.on_wake(self.wake)

    def start(self) -> None:
        """Begin to take tasks."""
        for thread in (*self._threads, *(self._helpers if self._threads else ())):
            thread.start()

    def wake(self) -> None:
        """Look for tasks now instead of at the next look; cheap, safe from any thread."""
        with self._wake:
            self._wake.notify()

    def under_way(self, kind: str) -> int:
        """Return how many tasks of a kind are being done now."""
        return sum(lease.kind == kind for lease in list(self._held.values()))

    def stop(self, seconds: float) -> bool:
        """Take no more tasks, and wait up to `seconds` for those under way; say whether they have ended.

        What is left is taken up by another worker, or at the next start. May be called again.
        """
        self._stopping.set()
        with self._wake:
            self._wake.notify_all()
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(timeout=max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def close(self) -> None:
        """Let go of what is still held after `stop`."""
        self._over.set()
        self._stopping.set()
        for thread in self._helpers:
            if thread.ident is not None:
                thread.join(timeout=_IDLE_SECONDS)

    def _work(self) -> None:
        is_rested = True
        while not self._stopping.is_set():
            lease = self._claim(looking=is_rested)
            is_rested = lease is None
            if lease is None:
                with self._wake:
                    if not self._stopping.is_set():
                        self._wake.wait(timeout=_IDLE_SECONDS)
                continue
            self.wake()
            try:
                if not self._guarded(lease, lambda lease: self._handlers[lease.kind](lease)):
                    self._guarded(lease, self._give_back)
            finally:
                self._held.pop(lease.id, None)
                self._alone = None if self._alone is lease else self._alone

    def _claim(self, *, looking: bool) -> Lease | None:
        with self._claiming:
            try:
                lease = self._next(looking=looking)
            except (DatabaseUnavailable, SQLAlchemyError) as error:
                _log.warning("the queue can't be read", extra={"fields": {"error": str(error)}})
                self._stopping.wait(1.0)
                return None
            if lease is not None:
                self._held[lease.id] = lease
                self._alone = lease if lease.is_suspect else None
            return lease

    def _next(self, *, looking: bool) -> Lease | None:
        """Take a task. `looking` first keeps idle workers away from the write lock."""
        if looking or self._alone is not None:
            with self._database.reading(None) as work:
                if self._alone is not None and self._queue.is_suspect(work, self._alone):
                    return None
                if not self._queue.due(work, self._handlers):
                    return None
        with self._database.writing(None) as work:
            return self._queue.claim(work, self._handlers, suspects=not self._held)

    def _look(self) -> None:
        """Wake a thread when a task's time has come, or one was asked for and nobody told; and watch the clock.

        It is looked at as often as tasks are: set ahead and back between two looks, it would put them off unseen.
        """
        ahead: timedelta | None = None
        reap_at = time.monotonic()
        while not self._stopping.wait(_LOOK_SECONDS):
            with suppress(DatabaseUnavailable, SQLAlchemyError):
                with self._database.reading(None) as work:
                    is_due = self._queue.due(work, self._handlers)
                    now = self._queue.now(work)
                ahead = self._watch_clock(ahead, now)
                if is_due:
                    self.wake()
                if time.monotonic() >= reap_at:
                    self._reap()
                    reap_at = time.monotonic() + _REAP_SECONDS

    def _guarded(self, lease: Lease, action: Handler) -> bool:
        """Say whether `action` ended well. A thread of ours outlives whatever a task does to it."""
        fields: dict[str, object] = {"kind": lease.kind, "subject": lease.subject}
        ended_well = False
        with suppress(Exception):
            try:
                action(lease)
                ended_well = True
            except LeaseLost:
                _log.warning("lease lost", extra={"fields": fields})
                ended_well = True
            except JindouError as error:
                _log.warning("task failed", extra={"fields": {**fields, "error": error.message}})
            except Exception:
                _log.exception("task crashed", extra={"fields": fields})
                raise
        return ended_well

    def _give_back(self, lease: Lease) -> None:
        """Have the task tried again, later and later. Where even that fails, its lease runs out."""
        wait = min(timedelta(seconds=0.25 * 2 ** min(lease.attempts, _MOST_DOUBLINGS)), _LONGEST_WAIT)
        with self._database.writing(None) as work:
            self._queue.release(work, lease, work.now() + wait)

    def _keep_leases(self) -> None:
        while not self._over.wait(self._queue.lease_time.total_seconds() / 3):
            with suppress(DatabaseUnavailable, SQLAlchemyError):
                self._hold(list(self._held.values()))

    def _hold(self, leases: Sequence[Lease]) -> None:
        """Make leases longer. Who has a task locked does so, or ends it; who has lost one hears of it as they write."""
        if not leases:
            return
        with self._database.writing(None) as work:
            for kind in sorted({lease.kind for lease in leases}):
                self._queue.hold_some(work, [lease for lease in leases if lease.kind == kind])

    def _watch_clock(self, before: timedelta | None, now: datetime) -> timedelta:
        """Return how far the database's clock is ahead of this machine's steady one; one set back harms no task."""
        ahead = now - datetime.fromtimestamp(time.monotonic(), UTC)
        if before is not None and before - ahead > _STEP:
            _log.warning("the clock went back", extra={"fields": {"seconds": (before - ahead).total_seconds()}})
            with self._database.writing(None) as work:
                self._queue.clock_went_back(work, before - ahead)
        return ahead


def _thread(name: str, action: Callable[[], None]) -> threading.Thread:
    return threading.Thread(target=action, name=name, daemon=True)
