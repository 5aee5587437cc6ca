"""Which process has a call under way. Each has a lease in the queue; who outlives it closes what a dead one left.

On one machine a dead process is known at once, by its number and its birth; elsewhere once its lease has run out.
"""

import socket

import psutil

from jindou.db import Database, Work
from jindou.durable.queue import Lease, LeaseLost, Queue

__all__ = ["LEDGER_TASK", "Owner", "alive"]

LEDGER_TASK = "ledger"
"""The kind of the queue's task that looks after what a process has under way."""

_SAME_BIRTH_MS = 60_000
"""How far a clock that was put right may move the birth of a process."""


class Owner:
    """This process, as the owner of the calls that it opens."""

    def __init__(self, database: Database, queue: Queue) -> None:
        self._database = database
        self._queue = queue
        self._lease: Lease | None = None
        self.id = ""
        self.beat_seconds = queue.lease_time.total_seconds() / 3

    def begin(self) -> None:
        """Tell others that this process lives."""
        with self._database.writing(None) as work:
            self.id = self.id or _new_id(work)
            self._lease = self._queue.begin(work, LEDGER_TASK, self.id)

    def beat(self) -> None:
        """Tell so once more; also after others took this process for dead, because it stood still."""
        if self._lease is None:
            return
        try:
            with self._database.writing(None) as work:
                self._queue.hold(work, self._lease)
        except LeaseLost:
            self.begin()

    def end(self) -> None:
        """Tell others that nothing is left open."""
        if self._lease is None:
            return
        try:
            with self._database.writing(None) as work:
                self._queue.done(work, self._lease)
        except LeaseLost:
            # Somebody looks after it already.
            return


def alive(work: Work, queue: Queue, but: str = "") -> set[str]:
    """Return every process that may have calls under way, `but` one."""
    held = {lease.subject for lease in queue.held(work, LEDGER_TASK)}
    return {owner for owner in held - {but} if not _is_gone(owner)}


def _new_id(work: Work) -> str:
    process = psutil.Process()
    return f"{_host()}/{process.pid}/{_birth(process)}/{work.new_id('own')}"


def _is_gone(owner: str) -> bool:
    """Say whether a process of this machine is known to have ended. Its number may have been given away since."""
    host, pid, birth, _ = owner.split("/")
    if host != _host():
        return False
    try:
        return abs(_birth(psutil.Process(int(pid))) - int(birth)) > _SAME_BIRTH_MS
    except psutil.NoSuchProcess:
        return True


def _host() -> str:
    return socket.gethostname().replace("/", "-")[:24]


def _birth(process: psutil.Process) -> int:
    return int(process.create_time() * 1000)
