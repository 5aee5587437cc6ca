"""A load on loopback: so many connections, each asking again as soon as it has its answer, for so long."""

import asyncio
import os
import socket
import time
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import cast

import httptools
import psutil
from typing_extensions import override

__all__ = ["cpu_seconds", "drive", "free_port", "place", "pss_mb"]


class _Client(asyncio.Protocol):
    """One connection that asks until the time is over."""

    def __init__(self, request: bytes, counted: Callable[[int, bytes], None], until: float) -> None:
        self._request = request
        self._counted = counted
        self._until = until
        self.done = asyncio.get_running_loop().create_future()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        self._transport = cast("asyncio.Transport", transport)
        self._begin()

    @override
    def data_received(self, data: bytes) -> None:
        """Read on."""
        self._parser.feed_data(data)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Be over."""
        if not self.done.done():
            self.done.set_result(exc)

    def on_body(self, body: bytes) -> None:
        """Keep the body."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Count the answer, and ask again."""
        self._counted(self._parser.get_status_code(), b"".join(self._body))
        if time.monotonic() < self._until:
            self._begin()
        else:
            self._transport.close()

    def _begin(self) -> None:
        self._body: list[bytes] = []
        self._parser = httptools.HttpResponseParser(self)
        self._transport.write(self._request)


async def drive(port: int, request: bytes, connections: int, seconds: float) -> list[tuple[int, bytes]]:
    """Return status and body of every answer."""
    answers: list[tuple[int, bytes]] = []
    until = time.monotonic() + seconds
    loop = asyncio.get_running_loop()
    clients = [
        (
            await loop.create_connection(
                lambda: _Client(request, lambda status, body: answers.append((status, body)), until), "127.0.0.1", port
            )
        )[1]
        for _ in range(connections)
    ]
    await asyncio.wait_for(asyncio.gather(*(client.done for client in clients)), seconds + 60)
    return answers


def place(pid: int, cores: AbstractSet[int]) -> None:
    """Let all threads that a process has by now run on `cores` only."""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(thread.name), cores)


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process and its children have used, in seconds."""
    process = psutil.Process(pid)
    total = 0.0
    for each in (process, *process.children(recursive=True)):
        times = each.cpu_times()
        total += times.user + times.system
    return total


def pss_mb(pid: int) -> float:
    """Return the memory that a process and its children hold, each shared page counted once, in megabytes."""
    process = psutil.Process(pid)
    total = 0
    for each in (process, *process.children(recursive=True)):
        rollup = Path(f"/proc/{each.pid}/smaps_rollup").read_text(encoding="utf-8")
        total += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return total / 1024


def free_port() -> int:
    """Return a port of the loopback address that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
