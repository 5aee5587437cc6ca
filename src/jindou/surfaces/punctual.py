"""HTTP/1.1 by uvicorn, with a limit on how long a client takes to send a request, as gateway workers have it."""

import asyncio
import json
from typing import ClassVar, Final

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from jindou.surfaces.http.wire import Limits

__all__ = ["PunctualProtocol"]

_TOO_LATE: Final = 408, "Request Timeout"
_TOO_LARGE: Final = 431, "Request Header Fields Too Large"


class PunctualProtocol(HttpToolsProtocol):
    """Closes a connection whose client has not sent its whole request in `request_seconds`, where it can with 408.

    They begin with the connection, with the answer before, and with the first byte; no matter while an answer is made.
    The head of a request has no more than about `head_bytes`; else the answer is 431.
    """

    request_seconds: ClassVar[float] = Limits().request_seconds
    head_bytes: ClassVar[int] = Limits().head_bytes

    _due = 0.0
    _is_reading = False
    _is_in_head = False
    _head = 0
    _unseen = 0
    _timer: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self._give_time()
        self._look()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    @override
    def data_received(self, data: bytes) -> None:
        self._unseen += len(data)
        super().data_received(data)
        if self._is_in_head and max(self._head, self._unseen) > self.head_bytes:
            self._give_up(_TOO_LARGE)

    @override
    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    @override
    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value))
        super().on_header(name, value)

    @override
    def on_headers_complete(self) -> None:
        self._is_in_head = False
        self._unseen = 0
        super().on_headers_complete()

    @override
    def on_message_begin(self) -> None:
        self._is_reading = self._is_in_head = True
        self._head = self._unseen = 0
        self._give_time()
        super().on_message_begin()

    @override
    def on_message_complete(self) -> None:
        self._is_reading = False
        super().on_message_complete()

    @override
    def on_response_complete(self) -> None:
        self._give_time()
        super().on_response_complete()

    def _count(self, size: int) -> None:
        self._head += size
        self._unseen = 0

    def _give_time(self) -> None:
        self._due = self.loop.time() + self.request_seconds

    def _look(self) -> None:
        now = self.loop.time()
        if now < self._due:
            self._timer = self.loop.call_at(self._due, self._look)
        elif self._waits_for_client():
            self._give_up(_TOO_LATE)
        else:
            self._timer = self.loop.call_later(self.request_seconds, self._look)

    def _waits_for_client(self) -> bool:
        """Say whether nothing can go on before the client does; of several requests the one under way counts."""
        cycle = self.cycle
        if not cycle or cycle.response_complete:
            return True
        return cycle.more_body and not self.pipeline and not self.flow.read_paused

    def _give_up(self, why: tuple[int, str]) -> None:
        cycle = self.cycle
        is_answered = cycle and cycle.more_body and cycle.response_started
        if self._is_reading and not is_answered:
            self.transport.write(_answer(*why))
        if cycle:
            # Whoever still reads the body is told at once, and writes nothing behind this.
            cycle.disconnected = True
            cycle.message_event.set()
        self.transport.close()


def _answer(status: int, title: str) -> bytes:
    told = json.dumps({"type": "about:blank", "title": title, "status": status}).encode()
    head = f"HTTP/1.1 {status} {title}\r\ncontent-type: application/problem+json\r\nconnection: close\r\n"
    return b"%bcontent-length: %d\r\n\r\n%b" % (head.encode(), len(told), told)
