"""An HTTP client for engines that speak HTTP: few lines, few microseconds, and no reply that outlives its time.

It speaks HTTP/1.1 over TCP or TLS with connections that are kept. One request is sent once: whether to try again is
for whoever knows what a second try would cost.
"""

import asyncio
import ssl
from collections.abc import Callable
from typing import Final

from jindou.models.upstreams.connection import Connection, Waits
from jindou.models.upstreams.failures import EngineUnavailable
from jindou.models.upstreams.pacing import Pacer
from jindou.models.upstreams.types import Upstream

__all__ = ["Reply", "Upstreams"]

_CONNECT_SECONDS: Final = 5.0
_WHOLE_SECONDS: Final = 900.0
_IDLE_SECONDS: Final = 4.0
_MOST_IDLE: Final = 64
_LOOK_SECONDS: Final = 1.0


class Reply:
    """What an upstream answers: its status, once it has `answered`, then its bytes as they come."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._is_closed = False

    async def answered(self) -> int:
        """Wait for the status, and return it.

        Raises:
            EngineDied: none came.
            Cancelled: as `hurry` says.
        """
        await self._connection.answered()
        return self._connection.status

    @property
    def status(self) -> int:
        """Its status."""
        return self._connection.status

    @property
    def headers(self) -> dict[str, str]:
        """Its headers, by their names in lower case."""
        return self._connection.headers

    async def read(self) -> bytes:
        """Return the whole body.

        Raises:
            EngineDied: it broke off, or is larger than anybody's answer.
            Cancelled: as `hurry` says.
        """
        pieces: list[bytes] = []
        while (piece := await self._connection.next_piece()) is not None:
            pieces.append(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def each(self, take: Callable[[bytes], Waits | None]) -> None:
        """Call `take` with what comes of the body right when it comes, without a task in between, until its end.

        What `take` returns is awaited, and it is called again only after that.

        Raises:
            EngineDied, Cancelled: as `read` says.
        """
        await self._connection.each(take)

    def hurry(self, seconds: float) -> None:
        """Give the reply this long to end, whatever it still has to say; whoever waits for it then gets Cancelled."""
        if not self._is_closed:
            self._connection.end_by(seconds)

    def close(self) -> None:
        """Give the connection back if the reply was read to its end, else close it. Others may have it from then on."""
        self._is_closed = True
        self._connection.give_back()


class Upstreams:
    """Connections to every upstream that was asked lately."""

    def __init__(self) -> None:
        self._idle: dict[Upstream, list[Connection]] = {}
        self._busy: set[Connection] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._tls: ssl.SSLContext | None = None
        self._pacer = Pacer()

    async def post(self, upstream: Upstream, path: str, body: bytes, *, stream: bool = False) -> Reply:
        """Send a JSON body, and return the reply that will come; one that is no `stream` comes as a whole.

        Raises:
            EngineUnavailable: nothing was sent.
        """
        loop = asyncio.get_running_loop()
        connection = self._kept(upstream) or await self._connect(loop, upstream)
        self._busy.add(connection)
        if self._timer is None:
            self._timer = loop.call_later(_LOOK_SECONDS, self._look)
        connection.post(path, body, upstream.first_seconds if stream else _WHOLE_SECONDS)
        return Reply(connection)

    def close(self) -> None:
        """Close every connection."""
        for connection in [*self._busy, *(c for kept in self._idle.values() for c in kept)]:
            connection.abort()
        self._idle.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _take_back(self, connection: Connection, is_reusable: bool) -> None:  # noqa: FBT001
        """Keep a connection whose reply is over for the next request."""
        self._busy.discard(connection)
        kept = self._idle.setdefault(connection.upstream, [])
        if is_reusable and len(kept) < _MOST_IDLE:
            kept.append(connection)
        else:
            connection.abort()

    def _forget(self, connection: Connection) -> None:
        """Drop a connection that was closed."""
        self._busy.discard(connection)
        kept = self._idle.get(connection.upstream)
        if kept and connection in kept:
            kept.remove(connection)

    def _kept(self, upstream: Upstream) -> Connection | None:
        kept = self._idle.get(upstream)
        while kept:
            connection = kept.pop()
            if connection.is_open and connection.idle_seconds < _IDLE_SECONDS:
                return connection
            connection.abort()
        return None

    async def _connect(self, loop: asyncio.AbstractEventLoop, upstream: Upstream) -> Connection:
        tls: ssl.SSLContext | None = None
        if upstream.scheme == "https":
            self._tls = tls = self._tls or ssl.create_default_context()
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                _, connection = await loop.create_connection(
                    lambda: Connection(loop, upstream, self._take_back, self._forget, self._pacer),
                    upstream.host,
                    upstream.port,
                    ssl=tls,
                )
        except (OSError, TimeoutError) as error:
            raise EngineUnavailable(f"The engine at {upstream.host}:{upstream.port} can't be reached.") from error
        return connection

    def _look(self) -> None:
        """Fail what has been silent for too long, and close what nobody has asked for a while."""
        self._timer = None
        for connection in tuple(self._busy):
            connection.look()
        for upstream, kept in tuple(self._idle.items()):
            for connection in [c for c in kept if c.idle_seconds > _IDLE_SECONDS]:
                connection.abort()
            if not kept:
                self._idle.pop(upstream, None)
        if self._busy or self._idle:
            self._timer = asyncio.get_running_loop().call_later(_LOOK_SECONDS, self._look)
