"""One connection to an engine: a request, its reply, and again."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final, cast

import httptools
from typing_extensions import override

from jindou.errors import Cancelled
from jindou.models.upstreams.failures import EngineDied
from jindou.models.upstreams.pacing import Pace, Pacer
from jindou.models.upstreams.types import Upstream

__all__ = ["Connection", "Waits"]

Waits = Coroutine[Any, Any, None]
"""What has to be awaited before more can be taken."""

_MOST_KEPT: Final = 1 << 18
_MOST_BYTES: Final = 64 << 20


class Connection(asyncio.Protocol):
    """Speaks HTTP/1.1 with one upstream.

    `free` is told once a reply is over, and whether another request can be sent; `lost` once the connection is closed.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        upstream: Upstream,
        free: "Callable[[Connection, bool], None]",
        lost: "Callable[[Connection], None]",
        pacer: Pacer,
    ) -> None:
        self.upstream = upstream
        self.status = 0
        self._loop = loop
        self._free = free
        self._lost = lost
        self._pacer = pacer
        self._pace = Pace()
        self._transport: asyncio.Transport | None = None
        self._heads: dict[str, bytes] = {}
        self._headers: list[tuple[bytes, bytes]] = []
        self._pieces: list[bytes] = []
        self._kept = self._seen = 0
        self.on_body = self._pieces.append
        """The parser hands over each piece of the body in one call of C."""
        self._parser = httptools.HttpResponseParser(self)
        self._waiter: asyncio.Future[None] | None = None
        self._take: Callable[[bytes], Waits | None] | None = None
        """Whom what comes is handed to right away, while nothing has to be awaited before."""
        self._waits: Waits | None = None
        """What has to be awaited before more is handed on."""
        self._deadline = self._end = self._since = 0.0
        self._has_head = self._is_over = self._is_kept = self._is_paused = self._is_resting = self._was_heard = False
        self._is_unwanted = False
        self._failure = ""

    @property
    def is_open(self) -> bool:
        """Whether a request can be sent."""
        return self._transport is not None and not self._transport.is_closing() and not self._failure

    @property
    def idle_seconds(self) -> float:
        """How long nothing has been asked."""
        return self._loop.time() - self._since

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the reply, by their names in lower case."""
        return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in self._headers}

    def post(self, path: str, body: bytes, seconds: float) -> None:
        """Send a JSON body; the first piece of the reply's own may take `seconds`."""
        assert self._transport is not None  # noqa: S101 - it is made before anything is sent
        head = self._heads.get(path)
        if head is None:
            head = self._heads[path] = _head(self.upstream, path)
        self._has_head = self._is_over = self._is_kept = False
        self._end = 0.0
        self._seen = 0
        self._headers.clear()
        now = self._loop.time()
        self._deadline = now + seconds
        self._pace.begin(now)
        self._transport.write(b"%b%d\r\n\r\n%b" % (head, len(body), body))

    async def answered(self) -> None:
        """Wait for the head of the reply.

        Raises:
            EngineDied: none came.
            Cancelled: nobody waits for it any more (see `end_by`).
        """
        while not self._has_head:
            await self._wait()

    async def next_piece(self) -> bytes | None:
        """Return what has come of the body since the last piece, and wait if that is nothing; None is its end.

        Raises:
            EngineDied: it broke off, or is larger than anybody's answer.
            Cancelled: as `answered` says.
        """
        while not self._pieces:
            if self._is_over:
                return None
            await self._wait()
        return self._drawn()

    async def each(self, take: Callable[[bytes], Waits | None]) -> None:
        """Call `take` with what comes of the body right when it comes, until its end.

        What `take` returns is awaited, and it is called again only after that.

        Raises:
            EngineDied: it broke off, or is larger than anybody's answer.
            Cancelled: as `answered` says.
        """
        try:
            while True:
                waits, self._waits = self._waits, None
                if waits is not None:
                    await waits
                elif self._pieces:
                    self._waits = take(self._drawn())
                elif self._is_over:
                    return
                else:
                    self._take = take
                    await self._wait()
                    self._take = None
        finally:
            self._take = None
            if self._waits is not None:
                self._waits.close()
                self._waits = None

    def end_by(self, seconds: float) -> None:
        """Give the reply this long to end, whatever it still has to say."""
        self._end = self._loop.time() + seconds

    def look(self) -> None:
        """Break off what has been silent for too long."""
        now = self._loop.time()
        if self._was_heard or self._is_paused or self._pieces:
            # While it is us who take nothing, it may be silent.
            self._was_heard = False
            self._deadline = now + self.upstream.silent_seconds
        if now > self._deadline or (self._end and now > self._end):
            self._is_unwanted = now <= self._deadline
            self._fail("it said nothing for too long")
            self.abort()

    def give_back(self) -> None:
        """Be done with the reply."""
        self._since = self._loop.time()
        self._free(self, self._is_over and self._is_kept and self.is_open and not self._pieces)

    def abort(self) -> None:
        """Close the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # TCP's and TLS's are nothing else, though not every event loop's derive from it.
        self._transport = cast("asyncio.Transport", transport)

    @override
    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._fail("it does not speak HTTP")
        if self._pieces:
            # Some send the head at once, and the first piece when they come to it.
            self._was_heard = True
            if self._take is None:
                self._keep(len(data))
            else:
                is_fast = self._pace.is_fast(self._loop.time(), len(self._pieces))
                self._hand_on(self._take)
                if is_fast and not self._is_over:
                    self._rest()

    @override
    def eof_received(self) -> bool:
        # A body without a length ends with the connection.
        headers = self.headers
        if self._has_head and not self._is_over and "content-length" not in headers:
            self._is_over = "chunked" not in headers.get("transfer-encoding", "").lower()
        return False

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._fail("it closed the connection")
        self._lost(self)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Note a field."""
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Note the status."""
        self.status = self._parser.get_status_code()
        self._has_head = self.status >= 200  # noqa: PLR2004 - 1xx announces the status, and is none
        self._wake()

    def on_message_complete(self) -> None:
        """Note the end."""
        if self._has_head:
            self._is_over = True
            self._is_kept = self._parser.should_keep_alive()
            self._wake()

    def _hand_on(self, take: Callable[[bytes], Waits | None]) -> None:
        """Hand on what is there; what has to be awaited then is up to whoever waits for the reply."""
        try:
            waits = take(self._drawn())
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to whoever waits for the reply
            waits = _raised(error)
        if waits is not None:
            self._take, self._waits = None, waits
            self._wake()

    def _rest(self) -> None:
        """Read no more for a while."""
        if not self._is_resting and self._transport is not None:
            self._is_resting = True
            self._transport.pause_reading()
            self._pacer.rest(self._go_on)

    def _go_on(self) -> None:
        self._is_resting = False
        if self._transport is not None and not self._transport.is_closing() and not self._is_paused:
            self._transport.resume_reading()

    def _keep(self, size: int) -> None:
        """Keep what came with `size` bytes until it is asked for, and let no more come once that is a good deal."""
        self._kept += size
        self._wake()
        if self._kept > _MOST_KEPT and self._transport is not None and not self._is_paused:
            self._is_paused = True
            self._transport.pause_reading()

    def _drawn(self) -> bytes:
        """Return what is there, and let more come."""
        pieces = self._pieces
        piece = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        self._kept = 0
        self._seen += len(piece)
        if self._is_paused and self._transport is not None:
            self._is_paused = False
            self._transport.resume_reading()
        if self._seen > _MOST_BYTES:
            raise EngineDied("The engine's answer has no end.")
        return piece

    async def _wait(self) -> None:
        if self._is_unwanted:
            raise Cancelled(f"Nobody waits for the engine at {self.upstream.host}:{self.upstream.port} any more.")
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


async def _raised(error: Exception) -> None:
    raise error


def _head(upstream: Upstream, path: str) -> bytes:
    """Return the head of a request, up to the length of its body."""
    key = f"Authorization: Bearer {upstream.key}\r\n" if upstream.key else ""
    return (
        f"POST {upstream.path_prefix}{path} HTTP/1.1\r\nHost: {upstream.host}:{upstream.port}\r\n{key}"
        f"Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\nContent-Length: "
    ).encode("latin-1")
