"""The server: it listens, looks after its connections, and ends in order."""

import asyncio
import signal
import socket
from collections.abc import Callable
from typing import Final

import uvloop

from jindou.surfaces.http.wire.connection import Connection
from jindou.surfaces.http.wire.exchange import Application
from jindou.surfaces.http.wire.limits import Limits, Room

__all__ = ["Server"]

_BACKLOG: Final = 1024


class Server:
    """Serves `application` to everybody who connects, within `limits`."""

    def __init__(self, application: Application, limits: Limits | None = None) -> None:
        self._application = application
        self._limits = limits or Limits()
        self._room = Room(self._limits)
        self._connections: set[Connection] = set()
        self._ending = asyncio.Event()
        self._empty = asyncio.Event()

    def run(self, listener: socket.socket, up: Callable[[], None] = lambda: None) -> None:
        """Serve `listener` until SIGTERM or SIGINT comes; tell `up` once it does.

        What is under way then has `grace_seconds` to end, and is broken off after that, or at a second signal.
        """
        uvloop.run(self._run(listener, up))

    async def serve(self, listener: socket.socket, up: Callable[[], None] = lambda: None) -> None:
        """Serve `listener` until `stop` is called, and end as `run` says."""
        loop = asyncio.get_running_loop()
        connect = lambda: self._connect(loop)  # noqa: E731 - what a loop calls a protocol factory
        server = await loop.create_server(connect, sock=listener, backlog=_BACKLOG)
        looking = loop.create_task(self._keep_looking(loop))
        up()
        try:
            await self._ending.wait()
        finally:
            server.close()
            await self._drain()
            looking.cancel()

    def stop(self) -> None:
        """Take no more requests; called twice, break off those under way. Call it in the event loop."""
        if self._ending.is_set():
            self._break_off()
        self._ending.set()

    async def _run(self, listener: socket.socket, up: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        await self.serve(listener, up)

    def _connect(self, loop: asyncio.AbstractEventLoop) -> Connection:
        connection = Connection(loop, self._application, self._limits, self._room, self._forget)
        self._connections.add(connection)
        return connection

    async def _keep_looking(self, loop: asyncio.AbstractEventLoop) -> None:
        while True:
            await asyncio.sleep(self._limits.look_seconds)
            now = loop.time()
            for connection in tuple(self._connections):
                connection.look(now)

    async def _drain(self) -> None:
        for connection in tuple(self._connections):
            connection.finish()
        try:
            async with asyncio.timeout(self._limits.grace_seconds):
                await self._wait_until_empty()
        except TimeoutError:
            tasks = self._break_off()
            await asyncio.gather(*tasks, return_exceptions=True)
            for connection in tuple(self._connections):
                connection.abort()
            await self._wait_until_empty()

    async def _wait_until_empty(self) -> None:
        while self._connections:
            self._empty.clear()
            await self._empty.wait()

    def _break_off(self) -> list[asyncio.Task[None]]:
        tasks = [connection.task for connection in self._connections if connection.task is not None]
        for task in tasks:
            task.cancel()
        return tasks

    def _forget(self, connection: Connection) -> None:
        self._connections.discard(connection)
        if not self._connections:
            self._empty.set()
