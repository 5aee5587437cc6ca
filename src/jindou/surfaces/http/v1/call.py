"""One request on `/v1`, without a framework: what a door reads, and how it answers."""

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

from starlette.types import Receive, Scope, Send

from jindou.assembly_gateway import Gateway
from jindou.billing.budgets import LimitState
from jindou.errors import TooLarge
from jindou.identity.keys import KeyHolder, KeyRefused
from jindou.models.completions import Asked, Begun, Done, Event, Presence, Tell
from jindou.telemetry import NO_TOKENS, Timed, Tokens

__all__ = ["Call", "limit_headers"]

_CLIENT_LEFT: Final = 499
_WATCH_SECONDS: Final = 0.25
_SLOW_SECONDS: Final = 60.0
_JSON: Final = b"application/json"
_EVENTS: Final = b"text/event-stream; charset=utf-8"


class Call:
    """A request, and its answer. `presence` says whether the client still listens.

    `tells_cost` has what was used come with what it cost, which is no field that OpenAI has.
    """

    tells_cost = False

    def __init__(self, scope: Scope, receive: Receive, send: Send, gateway: Gateway) -> None:
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.gateway = gateway
        self.presence = Presence()
        self.has_begun = False
        """Whether a part of the answer has been sent, so that its status can't change any more."""
        self.status = 0
        self.model = ""
        """The model that answers, once one does."""
        self.first_at: float | None = None
        self.tokens: Tokens = NO_TOKENS
        self.broken: Callable[[Exception], bytes] | None = None
        """How a stream tells what broke it; without, as OpenAI's chat does."""
        self._headers: dict[bytes, bytes] = dict(scope["headers"])
        self._receive = receive
        self._send = send
        self._watch: asyncio.TimerHandle | asyncio.Task[None] | None = None

    def header(self, name: str) -> str:
        """Return a header of the request, or an empty string."""
        return self._headers.get(name.encode("latin-1"), b"").decode("latin-1")

    @property
    def secret(self) -> str:
        """The key that the request shows, or an empty string."""
        scheme, _, token = self.header("authorization").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else self.header("x-api-key").strip()

    async def holder(self) -> KeyHolder:
        """Return whom the request speaks for. A session, or its cookie, opens nothing here.

        Raises:
            KeyRefused, KeyExpired, KeyRevoked: nobody.
        """
        secret = self.secret
        if not secret:
            raise KeyRefused("No key: send `Authorization: Bearer jdk_…`. `jindou keys create` makes one.")
        return self.gateway.keys.lookup(secret) or await asyncio.to_thread(self.gateway.keys.load, secret)

    async def body(self) -> bytes:
        """Return the whole body; from then on the client is watched.

        Raises:
            TooLarge: the body was cut off since it is too large, or the client left in the middle of it.
        """
        pieces: list[bytes] = []
        while True:
            message = await self._receive()
            if message["type"] != "http.request":
                raise TooLarge("The body did not come whole.")
            pieces.append(message.get("body", b""))
            if not message.get("more_body", False):
                break
        # Most requests are over before anybody could leave, and need no watch.
        loop = asyncio.get_running_loop()
        self._watch = loop.call_later(_WATCH_SECONDS, self._begin_to_watch)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def make(self, holder: KeyHolder, asked: Asked, tell: Tell, *, raw: bool = False) -> None:
        """Make a completion as `Completions.make` does, and note what the figures at `/metrics` want to know."""

        async def noted(event: Event) -> None:
            if isinstance(event, Begun):
                self.model, self.first_at = event.model, time.perf_counter()
            elif isinstance(event, Done):
                used = event.usage
                fresh, said = used.prompt - used.cached, used.completion - used.reasoning
                old_fresh, old_cached, old_said, old_thought = (
                    self.tokens
                )  # Of prompts that came before in the request.
                self.tokens = (
                    old_fresh + fresh,
                    old_cached + used.cached,
                    old_said + said,
                    old_thought + used.reasoning,
                )
            await tell(event)

        await self.gateway.completions.make(holder, asked, noted, self.presence, raw=raw)

    async def answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        """Send a whole JSON answer."""
        await self._start(status, [(b"content-length", str(len(body)).encode())], headers, _JSON)
        await self._put(body, more=False)

    async def begin_stream(self, headers: Mapping[str, str] | None = None) -> None:
        """Begin a stream of server-sent events."""
        await self._start(200, [(b"cache-control", b"no-store"), (b"x-accel-buffering", b"no")], headers, _EVENTS)

    async def send(self, data: bytes) -> None:
        """Send a piece of the stream. It waits as long as a slow client needs, within bounds."""
        await self._put(data, more=True)

    async def end(self) -> None:
        """End the stream."""
        await self._put(b"", more=False)

    def over(self) -> None:
        """Stop watching the client; the door calls it when it is done."""
        if self._watch is not None:
            self._watch.cancel()

    def count(self, route: str, begun: float) -> None:
        """Count it out at `/metrics`, and tell OpenTelemetry: by `route`, begun when `RequestMeter.begun` said."""
        status = _CLIENT_LEFT if self.presence.is_over else self.status
        first = None if self.first_at is None else self.first_at - begun
        seconds = time.perf_counter() - begun
        self.gateway.metrics.requests.done(route, self.model, status, seconds, first, self.tokens)
        spans = self.gateway.spans
        if spans.is_on:
            timed = Timed(self.gateway.clock.now() - timedelta(seconds=seconds), seconds)
            parent = self.header("traceparent")
            spans.request(route, self.model, timed, self.tokens, status=status, ttft=first, parent=parent)

    async def _start(
        self, status: int, fixed: list[tuple[bytes, bytes]], headers: Mapping[str, str] | None, kind: bytes
    ) -> None:
        self.has_begun = True
        self.status = status
        if self.presence.is_over:
            return
        given = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in (headers or {}).items()]
        head = [(b"content-type", kind), *fixed, *given]
        await self._send({"type": "http.response.start", "status": status, "headers": head})

    async def _put(self, data: bytes, *, more: bool) -> None:
        if self.presence.is_over:
            return
        try:
            async with asyncio.timeout(_SLOW_SECONDS):
                await self._send({"type": "http.response.body", "body": data, "more_body": more})
        except (TimeoutError, OSError):
            self.presence.leave()

    def _begin_to_watch(self) -> None:
        self._watch = asyncio.get_running_loop().create_task(self._leave_with_client())

    async def _leave_with_client(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.presence.leave()


def limit_headers(limits: tuple[LimitState, ...], request_id: str = "", *, now: float) -> dict[str, str]:
    """Return OpenAI's headers for what is left of the tightest limits; `now` is in seconds since 1970."""
    headers = {"x-request-id": request_id} if request_id else {}
    for limit in limits:
        kind = limit.kind
        if f"x-ratelimit-limit-{kind}" in headers:
            continue
        left = max(0.0, limit.reset_at.timestamp() - now)
        headers[f"x-ratelimit-limit-{kind}"] = str(limit.limit)
        headers[f"x-ratelimit-remaining-{kind}"] = str(limit.remaining)
        headers[f"x-ratelimit-reset-{kind}"] = f"{left:.0f}s"
    return headers
