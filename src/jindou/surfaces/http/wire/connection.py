"""One connection: its requests are answered one after the other, in the order in which they came."""

import asyncio
import json
import math
from collections import deque
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final, cast

from typing_extensions import override

from jindou.surfaces.http.wire.exchange import Application, Exchange, Waits
from jindou.surfaces.http.wire.limits import Limits, Room
from jindou.surfaces.http.wire.reading import Malformed, Reader, Request
from jindou.telemetry import get_logger

__all__ = ["Connection"]

_log = get_logger(__name__)
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_LAST_CHUNK: Final = b"0\r\n\r\n"
_STATUS_LINES: Final = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus}


class Connection(asyncio.Protocol):
    """Speaks HTTP/1.1 with one client. `over` is told when it is closed."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        application: Application,
        limits: Limits,
        room: Room,
        over: "Callable[[Connection], None]",
    ) -> None:
        self._loop = loop
        self._application = application
        self._limits = limits
        self._room = room
        self._over = over
        self._reader = Reader(limits, room, self._take, self._let_go_ahead)
        self._transport: asyncio.Transport | None = None
        self._waiting: deque[Request] = deque()
        self._fault: Malformed | None = None
        self._exchange: _Exchange | None = None
        self._task: asyncio.Task[None] | None = None
        self._drained: asyncio.Future[None] | None = None
        self._deadline = math.inf
        """When the client has to have done something; no matter while an answer is made."""
        self._stuck_at = math.inf
        """When a client that takes nothing of its answer is given up."""
        self._is_last = self._lingers = self._is_paused = False

    @property
    def task(self) -> asyncio.Task[None] | None:
        """What answers the request under way."""
        return self._task

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # TCP's is nothing else, though not every event loop's derives from it.
        self._transport = cast("asyncio.Transport", transport)
        self._deadline = self._loop.time() + self._limits.request_seconds

    @override
    def data_received(self, data: bytes) -> None:
        if self._lingers:
            return
        was_reading = self._reader.is_reading
        try:
            self._reader.feed(data)
        except Malformed as fault:
            self._fault = fault
        if self._reader.is_reading and not was_reading:
            self._deadline = self._loop.time() + self._limits.request_seconds
        self._go_on()

    @override
    def eof_received(self) -> bool:
        """Take a client that closes its half for one that has left; what is under way for it may still be told."""
        if self._exchange is None:
            return False
        self._is_last = True
        self._drop_waiting()
        self._exchange.leave()
        return True

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._is_last = True
        self._drop_waiting()
        self._reader.close()
        if self._exchange is not None:
            self._exchange.leave()
        self.resume_writing()
        self._over(self)

    @override
    def pause_writing(self) -> None:
        self._drained = self._loop.create_future()
        self._stuck_at = self._loop.time() + self._limits.slow_seconds

    @override
    def resume_writing(self) -> None:
        self._stuck_at = math.inf
        drained, self._drained = self._drained, None
        if drained is not None and not drained.done():
            drained.set_result(None)

    def look(self, now: float) -> None:
        """Close the connection if its client has been idle, slow or stuck for too long."""
        if now > self._stuck_at:
            self.abort()
        elif now > self._deadline and self._exchange is None:
            if self._reader.is_reading and not self._lingers:
                self._refuse(Malformed(408, "The request did not come whole in time."))
            else:
                self.abort()

    def finish(self) -> None:
        """Close the connection once the answer under way is over, and take no request after it."""
        self._is_last = True
        self._drop_waiting()
        if self._exchange is None and self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    def write(self, data: bytes) -> bool:
        """Write a part of the answer; for the exchange's own use. To a client that has left nothing is written.

        Return whether to wait before more is written: the client has a good deal to read already, or has left.
        """
        transport = self._transport
        if transport is None or transport.is_closing():
            return True
        transport.write(data)
        return self._drained is not None

    async def drained(self) -> None:
        """Wait until the client has read on, or is given up."""
        # Whoever does nothing but write to one that has left would not let the loop tell it so.
        await (self._drained or asyncio.sleep(0))

    def _take(self, request: Request) -> None:
        if self._is_last:
            self._room.give(request.held)
            return
        self._waiting.append(request)
        if len(self._waiting) > self._limits.ahead:
            # It may ask for the rest again, on a connection of its own (RFC 9112, 9.3.2).
            request.keeps = False
            self._reader.has_enough = True

    def _drop_waiting(self) -> None:
        for request in self._waiting:
            self._room.give(request.held)
        self._waiting.clear()

    def _let_go_ahead(self) -> None:
        if self._exchange is None and not self._waiting and self._transport is not None:
            self._transport.write(_CONTINUE)

    def _go_on(self) -> None:
        """Answer what comes next, if nothing is being answered; read no further than one request ahead."""
        transport = self._transport
        if self._exchange is None:
            if self._waiting:
                request = self._waiting.popleft()
                self._exchange = exchange = _Exchange(self, request)
                self._task = task = self._loop.create_task(self._application(exchange))
                task.add_done_callback(self._answered)
            elif self._fault is not None:
                fault, self._fault = self._fault, None
                self._refuse(fault)
        if transport is not None and bool(self._waiting) != self._is_paused and not transport.is_closing():
            self._is_paused = not self._is_paused
            if self._is_paused:
                transport.pause_reading()
            else:
                transport.resume_reading()

    def _answered(self, task: asyncio.Task[None]) -> None:
        exchange, self._exchange, self._task = self._exchange, None, None
        if exchange is not None:
            exchange.forget()
            self._room.give(exchange.held)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            _log.error("unexpected error", exc_info=error)
        if exchange is None or not exchange.is_over:
            # An answer that broke off must not look like one that ended.
            self.abort()
            return
        limits = self._limits
        seconds = limits.request_seconds if self._reader.is_reading else limits.idle_seconds
        self._deadline = self._loop.time() + seconds
        if exchange.is_refused:
            self._linger()
        elif self._is_last or not exchange.keeps:
            if self._transport is not None:
                self._transport.close()
        else:
            self._go_on()

    def _refuse(self, fault: Malformed) -> None:
        """Tell what is wrong with the connection, and end it."""
        if self._transport is None or self._transport.is_closing():
            return
        phrase = HTTPStatus(fault.status).phrase
        told = {"type": "about:blank", "title": phrase, "status": fault.status, "detail": fault.detail}
        body = json.dumps(told).encode()
        headers = {"content-type": "application/problem+json"}
        self._transport.write(_head(fault.status, headers, f"content-length: {len(body)}\r\n", keeps=False) + body)
        self._linger()

    def _linger(self) -> None:
        """Let the client read why it is refused: a connection closed over unread bytes takes the answer with it."""
        self._lingers = self._is_last = True
        self._deadline = self._loop.time() + self._limits.linger_seconds
        transport = self._transport
        if transport is not None and not transport.is_closing():
            transport.write_eof()
            if self._is_paused:
                self._is_paused = False
                transport.resume_reading()


class _Exchange(Exchange):
    """A request of a connection."""

    def __init__(self, connection: Connection, request: Request) -> None:
        self.method = request.method
        self.path = request.path
        self.keeps = request.keeps
        self.held = request.held
        self.is_over = False
        self._connection = connection
        self._request = request
        self._left: list[Callable[[], None]] = []
        self._has_left = False
        self._head = b""
        self._is_chunked = request.version == "1.1"
        self._is_plain = False
        """Whether a piece is a chunk, and nothing else."""

    @property
    def is_refused(self) -> bool:
        """Whether its body was not read."""
        return self._request.refusal is not None

    @override
    def header(self, name: str) -> str:
        return self._request.headers.get(name.encode("latin-1"), b"").decode("latin-1")

    @override
    async def body(self) -> bytes:
        request = self._request
        if request.refusal is not None:
            raise request.refusal
        body, request.body = request.body, b""
        return body

    @override
    def when_left(self, tell: Callable[[], None]) -> None:
        self._left.append(tell)
        if self._has_left:
            tell()

    def leave(self) -> None:
        """Note that the client has left."""
        if not self._has_left and not self.is_over:
            self._has_left = True
            for tell in self._left:
                tell()

    def forget(self) -> None:
        """Tell nobody any more; they and what they have hang together, and are let go of here."""
        self._left.clear()

    @override
    async def answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        head = _head(status, headers, f"content-length: {len(body)}\r\n", keeps=self.keeps)
        self.is_over = True
        await self._write(head if self.method == "HEAD" else head + body)

    @override
    async def begin(self, status: int, headers: Mapping[str, str]) -> None:
        if self._is_chunked:
            self._head = _head(status, headers, "transfer-encoding: chunked\r\n", keeps=self.keeps)
        else:
            # HTTP/1.0 has no chunks: the end of the connection is the end of the answer.
            self._head = _head(status, headers, "", keeps=False)

    @override
    def put(self, data: bytes) -> Waits | None:
        framed = b"%x\r\n%b\r\n" % (len(data), data) if self._is_plain and data else self._framed(data)
        return self._connection.drained() if self._connection.write(framed) else None

    @override
    async def end(self, data: bytes = b"") -> None:
        self.is_over = True
        last = _LAST_CHUNK if self._is_chunked and self.method != "HEAD" else b""
        await self._write(self._framed(data) + last)

    async def _write(self, data: bytes) -> None:
        if self._connection.write(data):
            await self._connection.drained()

    def _framed(self, data: bytes) -> bytes:
        head, self._head = self._head, b""
        self._is_plain = self._is_chunked and self.method != "HEAD"
        if not data or self.method == "HEAD":
            return head
        return b"%b%x\r\n%b\r\n" % (head, len(data), data) if self._is_chunked else head + data


def _head(status: int, headers: Mapping[str, str], framing: str, *, keeps: bool) -> bytes:
    """Return the head of an answer; `framing` is the line that says where its body ends."""
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    close = "" if keeps else "connection: close\r\n"
    return f"{_STATUS_LINES[status]}{lines}{framing}{close}\r\n".encode("latin-1")
