"""Threads that take tasks from the queue and do them."""

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta

from sqlalchemy.exc import SQLAlchemyError

from jindou.db import Database, DatabaseUnavailable
from jindou.durable.queue.service import Queue
from jindou.durable.queue.types import Lease, LeaseLost
from jindou.errors import JindouError
from jindou.telemetry import get_logger

__all__ = ["Handler", "Worker"]

Handler = Callable[[Lease], None]
"""Does a task, and ends it with `Queue.done` in its last transaction."""

_POLL_SECONDS = 0.5
_LONGEST_WAIT = timedelta(seconds=60)
_MOST_DOUBLINGS = 10
_log = get_logger(__name__)


class Worker:
    """`threads` threads that do the tasks of `handlers`, and one that keeps their leases alive."""

    def __init__(self, database: Database, queue: Queue, handlers: Mapping[str, Handler], threads: int) -> None:
        self._database = database
        self._queue = queue
        self._handlers = dict(handlers)
        self._stopping = threading.Event()
        self._wake = threading.Condition()
        self._held: dict[str, Lease] = {}
        self._threads = [threading.Thread(target=self._work, name=f"worker-{n}", daemon=True) for n in range(threads)]
        self._threads.append(threading.Thread(target=self._keep_leases, name="worker-leases", daemon=True))

    def start(self) -> None:
        """Begin to take tasks."""
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """Look for tasks now instead of at the next poll; cheap, safe from any thread."""
        with self._wake:
            self._wake.notify()

    def stop(self, seconds: float) -> None:
        """Take no more tasks, and wait up to `seconds` for those under way. What is left resumes at the next start."""
        self._stopping.set()
        with self._wake:
            self._wake.notify_all()
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(timeout=max(0.0, deadline - time.monotonic()))

    def _work(self) -> None:
        while not self._stopping.is_set():
            lease = self._claim()
            if lease is None:
                with self._wake:
                    self._wake.wait(timeout=_POLL_SECONDS)
                continue
            self.wake()
            self._held[lease.id] = lease
            try:
                if not self._guarded(lease, lambda lease: self._handlers[lease.kind](lease)):
                    self._guarded(lease, self._give_back)
            finally:
                self._held.pop(lease.id, None)

    def _claim(self) -> Lease | None:
        try:
            # Looking first keeps idle workers away from the write lock.
            with self._database.reading(None) as work:
                if not self._queue.due(work, tuple(self._handlers)):
                    return None
            with self._database.writing(None) as work:
                return self._queue.claim(work, tuple(self._handlers))
        except (DatabaseUnavailable, SQLAlchemyError) as error:
            _log.warning("the queue can't be read", extra={"fields": {"error": str(error)}})
            self._stopping.wait(1.0)
            return None

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
        wait = min(timedelta(seconds=0.5 * 2 ** min(lease.attempts, _MOST_DOUBLINGS)), _LONGEST_WAIT)
        with self._database.writing(None) as work:
            self._queue.release(work, lease, work.now() + wait)

    def _keep_leases(self) -> None:
        while not self._stopping.wait(self._queue.lease_time.total_seconds() / 3):
            for lease in list(self._held.values()):
                self._guarded(lease, self._hold)

    def _hold(self, lease: Lease) -> None:
        with self._database.writing(None) as work:
            self._queue.hold(work, lease)
