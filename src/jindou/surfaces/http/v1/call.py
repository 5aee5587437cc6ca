"""One request on `/v1`, without a framework: what a door reads, and how it answers."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Final, TypeVar

from jindou.assembly_gateway import Gateway
from jindou.errors import JindouError
from jindou.identity.keys import KeyHolder, KeyRefused, KeyRevoked
from jindou.models.completions import Asked, Begun, Done, Event, PassOn, Presence, Tell
from jindou.surfaces.http.v1.large import LARGE_BYTES, require_few_values
from jindou.surfaces.http.v1.telling import dialect_at
from jindou.surfaces.http.wire import Exchange, Waits
from jindou.telemetry import NO_TOKENS, Timed, Tokens

__all__ = ["Call"]

T = TypeVar("T")

_CLIENT_LEFT: Final = 499
_JSON: Final = {"content-type": "application/json"}
_EVENTS: Final = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store",
    "x-accel-buffering": "no",
}


class Call:
    """A request, and its answer. `presence` says whether the client still listens.

    `tells_cost` has what was used come with what it cost, which is no field that OpenAI has.
    """

    tells_cost = False

    def __init__(self, exchange: Exchange, gateway: Gateway) -> None:
        self.method = exchange.method
        self.path = exchange.path
        self.header = exchange.header
        self.put = exchange.put
        """Sends a piece of the stream, as `Exchange.put` does."""
        self.end = exchange.end
        """Sends the last piece of the stream."""
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
        self.dialect = dialect_at(exchange.path)
        """How a whole answer tells what went wrong."""
        self.refused: JindouError | None = None
        """Why whoever asked may not be answered any more: they were deactivated, or their key was taken back."""
        self._exchange = exchange
        self._refusing: asyncio.Task[None] | None = None
        self._id = ""

    @property
    def id(self) -> str:
        """What the request is called: the attempt in the ledger once an engine has begun, or an id of its own."""
        if not self._id:
            self._id = self.gateway.ids.new_id("req", self.gateway.clock.now())
        return self._id

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
        return await self.gateway.keys.find(secret)

    async def body(self) -> bytes:
        """Return the whole body; from then on the client is watched.

        Raises:
            TooLarge: the body was cut off since it is too large, or the client left in the middle of it.
        """
        body = await self._exchange.body()
        self._exchange.when_left(self.presence.leave)
        return body

    async def read(self, make: Callable[[bytes], T]) -> T:
        """Return what `make` makes of the whole body; from a large one it does so in a thread.

        Raises:
            TooLarge: as `body` says, or it has too many values.
        """
        body = await self.body()
        if len(body) <= LARGE_BYTES:
            return make(body)
        return await asyncio.get_running_loop().run_in_executor(self.gateway.reading, _read_large, make, body)

    async def make(self, holder: KeyHolder, asked: Asked, tell: Tell, pass_on: PassOn | None = None) -> None:
        """Make a completion as `Completions.make` does, and note what the figures at `/metrics` want to know."""

        def noted(event: Event) -> Waits | None:
            if isinstance(event, Begun):
                self.model, self.first_at, self._id = event.model, time.perf_counter(), event.id
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
            return tell(event)

        loop = asyncio.get_running_loop()

        def lose() -> None:
            lost = KeyRevoked("The key was taken back, or its person deactivated, while this was being answered.")
            # The loop may have ended meanwhile, and the answer with it.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self.refuse, lost)

        end_watch = self.gateway.keys.watch(holder, lose)
        try:
            await self.gateway.completions.make(holder, asked, noted, self.presence, pass_on)
        finally:
            end_watch()
            if self._refusing is not None:
                await self._refusing
        if self.refused is not None:
            raise self.refused

    def refuse(self, error: JindouError) -> None:
        """End the answer at once with `error`; what is still written of it is metered, and sent to nobody."""
        if self.refused is not None or self.presence.is_over:
            return
        self.refused = error
        self.put, self.end = _put_nowhere, _end_nowhere
        self._refusing = asyncio.get_running_loop().create_task(self._tell_refusal(error))
        self.presence.leave()

    async def _tell_refusal(self, error: JindouError) -> None:
        status, body = self.dialect.error(error)
        told = json.dumps(body).encode()
        if self.has_begun:
            await self._exchange.end(self.broken(error) if self.broken else b"data: " + told + b"\n\n")
            return
        self.has_begun = True
        self.status = status
        headers = {**_JSON, self.dialect.id_header: self.id, "www-authenticate": "Bearer"}
        await self._exchange.answer(status, headers, told)

    async def answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        """Send a whole JSON answer, which says what the request is called, unless who asked was refused meanwhile."""
        self.has_begun = True
        if self.refused is not None:
            return
        self.status = status
        named = _JSON if headers and self.dialect.id_header in headers else {**_JSON, self.dialect.id_header: self.id}
        await self._exchange.answer(status, {**named, **headers} if headers else named, body)

    async def send(self, data: bytes) -> None:
        """Send a piece of the stream, and wait as long as a slow client needs."""
        waits = self.put(data)
        if waits is not None:
            await waits

    async def begin_stream(self, headers: Mapping[str, str]) -> None:
        """Begin a stream of server-sent events; its head goes out with the first of them."""
        self.has_begun = True
        if self.refused is not None:
            return
        self.status = 200
        await self._exchange.begin(200, {**_EVENTS, **headers})

    def count(self, route: str, begun: float) -> None:
        """Count it out at `/metrics`, and tell OpenTelemetry: by `route`, begun when `RequestMeter.begun` said."""
        status = _CLIENT_LEFT if self.presence.is_over and self.refused is None else self.status
        first = None if self.first_at is None else self.first_at - begun
        seconds = time.perf_counter() - begun
        self.gateway.metrics.requests.done(route, self.model, status, seconds, first, self.tokens)
        spans = self.gateway.spans
        if spans.is_on:
            timed = Timed(self.gateway.clock.now() - timedelta(seconds=seconds), seconds)
            parent = self.header("traceparent")
            spans.request(route, self.model, timed, self.tokens, status=status, ttft=first, parent=parent)


def _read_large(make: Callable[[bytes], T], body: bytes) -> T:
    require_few_values(body)
    return make(body)


def _put_nowhere(data: bytes) -> None:
    """Send a piece of what nobody may read any more nowhere."""
    del data


async def _end_nowhere(data: bytes = b"") -> None:
    """Send the last piece of what nobody may read any more nowhere."""
    del data
