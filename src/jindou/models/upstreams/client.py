"""An HTTP client for engines that speak HTTP: few lines, few microseconds, and no reply that outlives its time.

It speaks HTTP/1.1 over TCP or TLS with connections that are kept. One request is sent once: whether to try again is
for whoever knows what a second try would cost.
"""

import asyncio
import ssl
from typing import Final, cast

import httptools
from typing_extensions import override

from jindou.models.upstreams.failures import EngineDied, EngineUnavailable
from jindou.models.upstreams.types import Upstream

__all__ = ["Reply", "Upstreams"]

_CONNECT_SECONDS: Final = 5.0
_FIRST_SECONDS: Final = 900.0
_SILENT_SECONDS: Final = 120.0
_IDLE_SECONDS: Final = 4.0
_MOST_IDLE: Final = 64
_MOST_BUFFERED: Final = 1 << 18
_MOST_BYTES: Final = 64 << 20
_LOOK_SECONDS: Final = 1.0


class Reply:
    """What an upstream answers: its status, then its bytes as they come."""

    def __init__(self, connection: "_Connection") -> None:
        self._connection = connection
        self.status = connection.status
        self.headers = connection.headers
        self._seen = 0

    async def read(self) -> bytes:
        """Return the whole body.

        Raises:
            EngineDied: it broke off, or is larger than anybody's answer.
        """
        pieces: list[bytes] = []
        while (piece := await self.next_piece()) is not None:
            pieces.append(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def next_piece(self) -> bytes | None:
        """Return what has come of the body since the last piece, and wait if that is nothing; None is its end.

        Raises:
            EngineDied: it broke off, or is larger than anybody's answer.
        """
        piece = await self._connection.next_piece()
        if piece is not None:
            self._seen += len(piece)
            if self._seen > _MOST_BYTES:
                raise EngineDied("The engine's answer has no end.")
        return piece

    def hurry(self, seconds: float) -> None:
        """Give the reply this long to end, whatever it still has to say."""
        self._connection.end_by(seconds)

    def close(self) -> None:
        """Give the connection back if the reply was read to its end, else close it."""
        self._connection.give_back()


class Upstreams:
    """Connections to every upstream that was asked lately."""

    def __init__(self) -> None:
        self._idle: dict[Upstream, list[_Connection]] = {}
        self._busy: set[_Connection] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._tls: ssl.SSLContext | None = None

    async def post(self, upstream: Upstream, path: str, body: bytes) -> Reply:
        """Send a JSON body and return the reply once its status is there.

        Raises:
            EngineUnavailable: nothing was sent.
            EngineDied: it was sent, and no status came.
        """
        loop = asyncio.get_running_loop()
        connection = self._kept(upstream) or await self._connect(loop, upstream)
        self._busy.add(connection)
        if self._timer is None:
            self._timer = loop.call_later(_LOOK_SECONDS, self._look)
        connection.send(_head(upstream, path, len(body)) + body)
        try:
            await connection.answered()
        except BaseException:
            connection.give_back()
            raise
        return Reply(connection)

    def close(self) -> None:
        """Close every connection."""
        for connection in [*self._busy, *(c for kept in self._idle.values() for c in kept)]:
            connection.abort()
        self._idle.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def take_back(self, connection: "_Connection", *, reusable: bool) -> None:
        """Keep a connection whose reply is over for the next request; for the connection's own use."""
        self._busy.discard(connection)
        kept = self._idle.setdefault(connection.upstream, [])
        if reusable and len(kept) < _MOST_IDLE:
            kept.append(connection)
        else:
            connection.abort()

    def forget(self, connection: "_Connection") -> None:
        """Drop a connection that was closed; for the connection's own use."""
        self._busy.discard(connection)
        kept = self._idle.get(connection.upstream)
        if kept and connection in kept:
            kept.remove(connection)

    def _kept(self, upstream: Upstream) -> "_Connection | None":
        kept = self._idle.get(upstream)
        while kept:
            connection = kept.pop()
            if connection.is_open and connection.idle_seconds() < _IDLE_SECONDS:
                return connection
            connection.abort()
        return None

    async def _connect(self, loop: asyncio.AbstractEventLoop, upstream: Upstream) -> "_Connection":
        tls: ssl.SSLContext | None = None
        if upstream.scheme == "https":
            self._tls = tls = self._tls or ssl.create_default_context()
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                _, connection = await loop.create_connection(
                    lambda: _Connection(loop, self, upstream), upstream.host, upstream.port, ssl=tls
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
            for connection in [c for c in kept if c.idle_seconds() > _IDLE_SECONDS]:
                connection.abort()
            if not kept:
                self._idle.pop(upstream, None)
        if self._busy or self._idle:
            self._timer = asyncio.get_running_loop().call_later(_LOOK_SECONDS, self._look)


class _Connection(asyncio.Protocol):
    """One connection: a request, its reply, and again."""

    def __init__(self, loop: asyncio.AbstractEventLoop, pool: Upstreams, upstream: Upstream) -> None:
        self._loop = loop
        self._pool = pool
        self.upstream = upstream
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._pieces: list[bytes] = []
        self._buffered = 0
        self._waiter: asyncio.Future[None] | None = None
        self._deadline = self._end = self._since = 0.0
        self._has_head = self._is_over = self._is_kept = self._is_paused = False
        self.headers: dict[str, str] = {}
        self._failure = ""
        self.status = 0

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing() and not self._failure

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # TCP's and TLS's are nothing else, though not every event loop's derive from it.
        self._transport = cast("asyncio.Transport", transport)

    @override
    def data_received(self, data: bytes) -> None:
        self._deadline = self._loop.time() + _SILENT_SECONDS
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._fail("it does not speak HTTP")
        if self._buffered > _MOST_BUFFERED and self._transport is not None and not self._is_paused:
            self._is_paused = True
            self._transport.pause_reading()

    @override
    def eof_received(self) -> bool:
        # A body without a length ends with the connection.
        if self._has_head and not self._is_over and "content-length" not in self.headers:
            self._is_over = "chunked" not in self.headers.get("transfer-encoding", "").lower()
        return False

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._fail("it closed the connection")
        self._pool.forget(self)

    def send(self, request: bytes) -> None:
        assert self._transport is not None  # noqa: S101 - it is made before anything is sent
        self._has_head = self._is_over = self._is_kept = False
        self._end = 0.0
        self.headers = {}
        self._deadline = self._loop.time() + _FIRST_SECONDS
        self._transport.write(request)

    async def answered(self) -> None:
        while not self._has_head:
            await self._wait()

    async def next_piece(self) -> bytes | None:
        while True:
            if self._pieces:
                piece = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
                self._pieces.clear()
                self._buffered = 0
                if self._is_paused and self._transport is not None:
                    self._is_paused = False
                    self._transport.resume_reading()
                return piece
            if self._is_over:
                return None
            await self._wait()

    def end_by(self, seconds: float) -> None:
        self._end = self._loop.time() + seconds

    def look(self) -> None:
        now = self._loop.time()
        if now > self._deadline or (self._end and now > self._end):
            self._fail("it said nothing for too long" if now > self._deadline else "nobody waits for it any more")
            self.abort()

    def idle_seconds(self) -> float:
        return self._loop.time() - self._since

    def give_back(self) -> None:
        self._since = self._loop.time()
        reusable = self._is_over and self._is_kept and self.is_open and not self._pieces
        self._pool.take_back(self, reusable=reusable)

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    async def _wait(self) -> None:
        if self._failure:
            raise EngineDied(f"The engine at {self.upstream.host}:{self.upstream.port} broke off: {self._failure}.")
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _fail(self, why: str) -> None:
        self._failure = self._failure or why
        self._wake()

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self.status = self._parser.get_status_code()
        self._has_head = self.status >= 200  # noqa: PLR2004 - 1xx announces the status, and is none
        self._wake()

    def on_body(self, body: bytes) -> None:
        self._pieces.append(body)
        self._buffered += len(body)
        self._wake()

    def on_message_complete(self) -> None:
        if self._has_head:
            self._is_over = True
            self._is_kept = self._parser.should_keep_alive()
            self._wake()


def _head(upstream: Upstream, path: str, length: int) -> bytes:
    key = f"Authorization: Bearer {upstream.key}\r\n" if upstream.key else ""
    return (
        f"POST {upstream.path_prefix}{path} HTTP/1.1\r\nHost: {upstream.host}:{upstream.port}\r\n{key}"
        f"Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n"
        f"Content-Length: {length}\r\n\r\n"
    ).encode("latin-1")
