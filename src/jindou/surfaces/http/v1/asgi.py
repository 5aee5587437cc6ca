"""`/v1` within an ASGI application: in front of the console in `jindou up`."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send
from typing_extensions import override

from jindou.assembly_gateway import Gateway
from jindou.errors import TooLarge
from jindou.surfaces.guard import Site
from jindou.surfaces.http.v1.app import V1
from jindou.surfaces.http.wire import Exchange, Limits, Room, Waits
from jindou.surfaces.openai_errors import is_v1

__all__ = ["AsgiExchange", "InFront"]

_WATCH_SECONDS: Final = 0.25
_SLOW_SECONDS: Final = 60.0
_SMALL: Final = Limits()


class InFront:
    """Answers what is on `/v1` of this `site`, and passes everything else on to `app`."""

    def __init__(self, app: ASGIApp, gateway: Gateway, site: Site, limits: Limits) -> None:
        self._app = app
        self._v1 = V1(gateway, site)
        self._limits = limits
        self._room = Room(limits)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        if scope["type"] != "http" or not is_v1(scope["path"]):
            await self._app(scope, receive, send)
            return
        exchange = AsgiExchange(scope, receive, send, self._limits, self._room)
        try:
            await self._v1(exchange)
        finally:
            exchange.close()


class AsgiExchange(Exchange):
    """A request of an ASGI server. Close it when it is answered. Without `limits` its body is a small one."""

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, limits: Limits = _SMALL, room: Room | None = None
    ) -> None:
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self._headers: dict[bytes, bytes] = dict(scope["headers"])
        self._receive = receive
        self._send = send
        self._limits = limits
        self._room = room or Room(limits)
        self._held = 0
        self._watch: asyncio.TimerHandle | asyncio.Task[None] | None = None
        self._left: list[Callable[[], None]] = []
        self._has_left = False

    @override
    def header(self, name: str) -> str:
        return self._headers.get(name.encode("latin-1"), b"").decode("latin-1")

    @override
    async def body(self) -> bytes:
        pieces: list[bytes] = []
        size = 0
        # Who waits for it with `Expect: 100-continue` is not told to send what is too large.
        self._require_size(int(self.header("content-length") or 0))
        while True:
            message = await self._receive()
            if message["type"] != "http.request":
                raise TooLarge("The body did not come whole.")
            pieces.append(message.get("body", b""))
            size += len(pieces[-1])
            self._require_size(size)
            self._held = self._room.take(size, self._held)
            if not message.get("more_body", False):
                break
        # Most requests are over before anybody could leave, and need no watch.
        loop = asyncio.get_running_loop()
        self._watch = loop.call_later(_WATCH_SECONDS, self._begin_to_watch)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    @override
    def when_left(self, tell: Callable[[], None]) -> None:
        self._left.append(tell)
        if self._has_left:
            tell()

    @override
    async def answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        await self.begin(status, {**headers, "content-length": str(len(body))})
        await self._put(body, more=False)

    @override
    async def begin(self, status: int, headers: Mapping[str, str]) -> None:
        if not self._has_left:
            given = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
            await self._send({"type": "http.response.start", "status": status, "headers": given})

    @override
    def put(self, data: bytes) -> Waits:
        return self._put(data, more=True)

    @override
    async def end(self, data: bytes = b"") -> None:
        await self._put(data, more=False)

    def close(self) -> None:
        """Stop watching the client, and give up the room that its body had."""
        if self._watch is not None:
            self._watch.cancel()
        self._room.give(self._held)
        self._held = 0

    def _require_size(self, size: int) -> None:
        if size > self._limits.body_bytes:
            raise TooLarge(f"The body has more than {self._limits.body_bytes} bytes.")

    async def _put(self, data: bytes, *, more: bool) -> None:
        if self._has_left:
            return
        try:
            async with asyncio.timeout(_SLOW_SECONDS):
                await self._send({"type": "http.response.body", "body": data, "more_body": more})
        except (TimeoutError, OSError):
            self._leave()

    def _leave(self) -> None:
        if not self._has_left:
            self._has_left = True
            for tell in self._left:
                tell()

    def _begin_to_watch(self) -> None:
        self._watch = asyncio.get_running_loop().create_task(self._leave_with_client())

    async def _leave_with_client(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._leave()
