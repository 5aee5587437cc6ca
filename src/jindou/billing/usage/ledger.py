"""The ledger of the gateway: many calls in one transaction, and nobody told of one that is not on disk."""

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

from jindou.billing.pricing import Money
from jindou.billing.usage.attempts import Attempts
from jindou.billing.usage.batch import AttemptMoved, Closing, Held, Written
from jindou.billing.usage.owners import LEDGER_TASK, Owner, alive
from jindou.billing.usage.types import Admission, Opening, Quantities
from jindou.db import Database, DatabaseUnavailable, Work
from jindou.durable.queue import Lease, Queue
from jindou.errors import Limited
from jindou.telemetry import LedgerMeter, get_logger

__all__ = ["Ledger"]

_MOST_IN_BATCH = 256
_GATHER_SECONDS = 0.002
"""Where several calls came at once more are on the way; a commit for all of them is worth this wait."""
_MOST_WAITING = 4096
_NOBODY_WAITED = "Nobody waited for the call to be made."
_log = get_logger(__name__)


class LedgerBusy(Limited):
    """More calls wait to be written down than the ledger takes in."""

    code = "ledger_busy"


@dataclass(slots=True)
class _Item:
    """What is to be written, and who waits for it: a task of an event loop, or nobody."""

    what: Opening | Closing
    waiter: "asyncio.Future[Written] | None" = None


_Told = tuple[_Item, Written | Exception]


class Ledger:
    """Opens and settles attempts in batches: one writer thread, one transaction a batch.

    Every verb returns once its batch is durable, and raises DatabaseUnavailable when the database is locked, full or
    gone. An opening was not written then; figures that could not be written are kept, and written as soon as they can
    be.
    """

    task = LEDGER_TASK
    """The kind of the queue's tasks that `bury` does."""

    def __init__(self, database: Database, attempts: Attempts, queue_: Queue, meter: LedgerMeter | None = None) -> None:
        self._database = database
        self._meter = meter or LedgerMeter()
        self._attempts = attempts
        self._queue = queue_
        self._owner = Owner(database, queue_)
        self._inbox: queue.SimpleQueue[_Item | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._closed = True
        self._kept: list[_Item] = []
        self._known: dict[str, Held] = {}
        """The calls that were opened here and are under way."""
        self._thread = threading.Thread(target=self._work, name="ledger", daemon=True)

    def start(self) -> None:
        """Begin to write.

        Raises:
            DatabaseUnavailable: the database is locked, full or gone.
        """
        self._owner.begin()
        self._closed = False
        self._thread.start()

    def stop(self, seconds: float = 5.0) -> None:
        """Write what waits, and end. What is asked for afterwards is refused with DatabaseUnavailable."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self._inbox.put(None)
        self._thread.join(timeout=seconds)
        if self._thread.is_alive():
            _log.warning("the ledger did not end in time")

    def recover(self, work: Work) -> int:
        """Call unknown what processes that are dead left open, and return how many calls that were."""
        return self._attempts.recover(work, alive(work, self._queue))

    def bury(self, lease: Lease) -> None:
        """Do a task of kind `task`: call unknown what the process left open whose lease ran out."""
        with self._database.writing(None) as work:
            self._queue.hold(work, lease)
            left = self._attempts.recover(work, alive(work, self._queue, but=lease.subject))
            self._queue.done(work, lease)
        _log.info("a dead process had calls open", extra={"fields": {"owner": lease.subject, "unknown": left}})

    async def open(self, opening: Opening) -> Admission:
        """Hold the worst case of a call.

        Raises:
            BudgetExceeded, RateLimited: a limit that binds it has no room.
            PriceMissing: one of its SKUs has no price.
            LedgerBusy: thousands of calls wait already.
        """
        self._require_room()
        return cast("Admission", await self._later(opening))

    async def settle(
        self, attempt_id: str, used: Quantities, sku: str | None = None, *, engine: str | None = None
    ) -> Money:
        """Write the one ledger row of an attempt: at the price of the day it was opened, of the SKU that answered.

        Raises:
            AttemptClosed: it has its row already, or used nothing.
            NotFound: there is no such attempt.
        """
        return cast("Money", await self._later(_settled(attempt_id, used, sku, engine)))

    async def void(self, attempt_id: str, reason: str) -> None:
        """Write that the call used nothing.

        Raises:
            AttemptClosed, NotFound: as `settle` says.
        """
        await self._later(Closing(attempt_id=attempt_id, status="void", reason=reason))

    async def lose(self, attempt_id: str, reason: str) -> None:
        """Write that nobody knows what the call used: its worst case stays held. One that is closed stays so."""
        await self._later(Closing(attempt_id=attempt_id, status="unknown", reason=reason))

    def _require_room(self) -> None:
        if self._inbox.qsize() > _MOST_WAITING:
            raise LedgerBusy(f"{_MOST_WAITING:,} calls wait to be written down; try again.", retry_after=1.0)

    def _later(self, what: Opening | Closing) -> "asyncio.Future[Written]":
        waiter: asyncio.Future[Written] = asyncio.get_running_loop().create_future()
        self._put(_Item(what, waiter))
        return waiter

    def _put(self, item: _Item) -> None:
        with self._lock:
            if self._closed:
                raise DatabaseUnavailable("The ledger is closed; no calls are made any more.")
            self._inbox.put(item)

    def _work(self) -> None:
        beat_at = time.monotonic() + self._owner.beat_seconds
        is_open = True
        batch: list[_Item] = []
        while is_open:
            if len(batch) > 1:
                time.sleep(_GATHER_SECONDS)
            batch, is_open = self._take(max(0.0, beat_at - time.monotonic()))
            self._write([*self._again(), *batch])
            if time.monotonic() >= beat_at:
                beat_at = time.monotonic() + self._owner.beat_seconds
                self._guarded(self._owner.beat)
        self._write(self._again())
        if not self._kept:
            self._guarded(self._owner.end)

    def _take(self, seconds: float) -> tuple[list[_Item], bool]:
        """Wait for something to write, and return all that waits; the second value is False at the end."""
        batch: list[_Item] = []
        try:
            item = self._inbox.get(timeout=seconds)
            while item is not None:
                batch.append(item)
                if len(batch) == _MOST_IN_BATCH:
                    return batch, True
                item = self._inbox.get_nowait()
        except queue.Empty:
            return batch, True
        return batch, False

    def _again(self) -> list[_Item]:
        kept, self._kept = self._kept, []
        return kept

    def _write(self, batch: Sequence[_Item]) -> None:
        """Write a batch, and tell who waits for it; where it fails, its halves: one bad item harms no other."""
        if not batch:
            return
        began = time.perf_counter()
        try:
            with self._database.writing(None) as work:
                written = self._attempts.write(work, [item.what for item in batch], self._owner.id, self._known)
        except AttemptMoved:
            self._known.clear()
            self._write(batch)
        except DatabaseUnavailable as error:
            self._known.clear()
            self._kept += [_Item(item.what) for item in batch if isinstance(item.what, Closing)]
            self._tell([(item, DatabaseUnavailable(error.message)) for item in batch])
        except Exception as error:  # noqa: BLE001 - who waits for it is told, whatever it is
            self._known.clear()
            if len(batch) == 1:
                _log.exception("not written to the ledger", extra={"fields": {"what": repr(batch[0].what)}})
                self._tell([(batch[0], error)])
                return
            middle = len(batch) // 2
            self._write(batch[:middle])
            self._write(batch[middle:])
        else:
            self._meter.committed(len(batch), time.perf_counter() - began)
            self._tell(list(zip(batch, written, strict=True)))

    def _tell(self, told: list[_Told]) -> None:
        """Wake each event loop once."""
        loops: dict[asyncio.AbstractEventLoop, list[_Told]] = {}
        for item, result in told:
            if item.waiter is not None:
                loops.setdefault(item.waiter.get_loop(), []).append((item, result))
        for loop, mine in loops.items():
            try:
                loop.call_soon_threadsafe(self._wake, mine)
            except RuntimeError:
                # The loop has ended, so nobody makes the calls.
                self._undo(mine)

    def _wake(self, told: list[_Told]) -> None:
        left: list[_Told] = []
        for item, result in told:
            if item.waiter is None or item.waiter.done():
                left.append((item, result))
            elif isinstance(result, Exception):
                item.waiter.set_exception(result)
            else:
                item.waiter.set_result(result)
        self._undo(left)

    def _undo(self, told: list[_Told]) -> None:
        """Give back what was held for calls that nobody makes: who asked for them has gone."""
        for _, result in told:
            if isinstance(result, Admission):
                void = Closing(attempt_id=result.attempt_id, status="void", reason=_NOBODY_WAITED)
                self._inbox.put(_Item(void))

    def _guarded(self, action: Callable[[], None]) -> None:
        try:
            action()
        except Exception as error:  # noqa: BLE001 - the lease lasts for two more beats
            _log.warning("the ledger's lease was not renewed", extra={"fields": {"error": str(error)}})


def _settled(attempt_id: str, used: Quantities, sku: str | None, engine: str | None) -> Closing:
    return Closing(attempt_id=attempt_id, status="settled", used=used, sku=sku, engine=engine)
