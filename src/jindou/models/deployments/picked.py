"""The engine that one request goes to."""

import asyncio
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Any, Final, Self, cast

from typing_extensions import override

from jindou.errors import Cancelled, Unavailable
from jindou.models.deployments.lanes import Turn
from jindou.models.deployments.targets import Target
from jindou.models.deployments.types import Dialect, EnginesBusy, Member
from jindou.models.engines import Chunk, Engine, EngineHealth, EngineRequest, WaitingChunk
from jindou.models.upstreams import EngineUnavailable, Upstream
from jindou.plain_json import unmarked

__all__ = ["Picked"]

_TICK: Final = 0.25
_TURN_SECONDS: Final = 120.0
_UNWANTED: Final = "Nobody waits for the engine any more."


class Picked:
    """The engine that a request goes to. It counts as under way from `Deployments.pick` until it is left.

    ``with deployments.pick(org_id, name) as picked:``; every method may be called from any thread, and only
    `wait_ready`, `ready` and `in_turn` wait. Tell it how it went: `succeeded` or `failed`.
    """

    def __init__(self, member: Member, turn: Turn, target: Target, prefix: int) -> None:
        self.engine_id = member.engine_id
        self.sku = member.billed
        self.model = member.model
        """What the engine itself calls the model."""
        self.dialect: Dialect = target.dialect
        self.native_tools = target.native_tools if member.native_tools is None else member.native_tools
        self._turn = turn
        self._target = target
        self._prefix = prefix
        self._upstream: Upstream | None = None
        self._slot: int | None = None
        self._give_back: Callable[[], None] | None = None
        self._has_looked = target.reuse is None
        self._began: tuple[Sequence[Mapping[str, object]], Sequence[object]] = ((), ())
        self._is_left = False
        self._has_given_up = False
        self._told: Callable[[], None] | None = None
        self._leaving = threading.Lock()
        target.enter()

    @property
    def upstream(self) -> Upstream | None:
        """Where the request can be sent right now; None while something has to be waited for: see `wait_ready`.

        That is loading, its turn, or a prefix that is loaded into a slot. An ``engine`` never has one.
        """
        if self._upstream is None and self._turn.has_come and not self._must_look():
            self._upstream = self._target.upstream()
        return self._upstream

    @property
    def engine(self) -> Engine:
        """The same engine, to be asked from a thread. It waits by itself, so `wait_ready` is not needed."""
        return _InTurn(self._turn, self._target.engine)

    def wait_ready(self, seconds: float) -> Upstream:
        """Wait for its turn, for loading and for a slot, and return where the request can be sent. Call it in a thread.

        Raises:
            EngineUnavailable: it did not come up in time, or has no server.
            EnginesBusy: its turn did not come in time.
        """
        deadline = time.monotonic() + seconds
        if not self._turn.wait(seconds):
            raise _no_turn(self.engine_id, seconds)
        upstream = self._target.upstream() or self._target.load(max(deadline - time.monotonic(), 0.0))
        if upstream is None:
            raise EngineUnavailable(f"{self.engine_id} has no server that could be asked over HTTP.")
        if self._must_look():
            self._has_looked = True
            self._take_slot(upstream)
        self._upstream = upstream
        return upstream

    async def ready(self, pool: Executor, seconds: float) -> Upstream:
        """Do what `wait_ready` does, for an event loop: in a thread of `pool`, but none while it waits for its turn.

        Raises:
            Cancelled: `give_up` was called meanwhile.
            EngineUnavailable, EnginesBusy: as `wait_ready` says.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        await self.in_turn(seconds)
        left = max(deadline - loop.time(), 0.0)
        # Whoever leaves meanwhile keeps their place as long as the thread: there are not so many threads as clients.
        upstream = self.upstream or await loop.run_in_executor(pool, self.wait_ready, left)
        self.require_wanted()
        return upstream

    async def in_turn(self, seconds: float) -> None:
        """Wait for its turn, for an event loop; no thread does.

        Raises:
            Cancelled: `give_up` was called meanwhile.
            EnginesBusy: its turn did not come in time.
        """
        told = asyncio.Event()
        self._told = partial(_tell, asyncio.get_running_loop(), told)
        self.require_wanted()
        if self._turn.has_come:
            return
        self._turn.when_come(self._told)
        with suppress(TimeoutError):
            async with asyncio.timeout(min(seconds, _TURN_SECONDS)):
                await told.wait()
        self.require_wanted()
        if not self._turn.has_come:
            raise _no_turn(self.engine_id, min(seconds, _TURN_SECONDS))

    def give_up(self) -> None:
        """Have nobody wait for it any more: `ready` raises as soon as it can."""
        self._has_given_up = True
        if self._told is not None:
            self._told()

    def require_wanted(self) -> None:
        """Raise Cancelled if `give_up` was called."""
        if self._has_given_up:
            raise Cancelled(_UNWANTED)

    def dress(self, body: Mapping[str, object], *, thinks: bool | None = None) -> dict[str, object]:
        """Return the body of ``/chat/completions`` as this engine wants it: its name of the model, its own fields.

        `thinks` says whether a model of this machine that can think aloud does so.
        """
        dressed: dict[str, object] = {**body, "model": self.model}
        if dressed.get("stream"):
            options = dressed.get("stream_options")
            asked = cast("dict[str, object]", options) if isinstance(options, dict) else {}
            dressed["stream_options"] = {**asked, "include_usage": True}
        if self.dialect == "llamacpp":
            messages = cast("list[Mapping[str, object]]", dressed.get("messages") or [])
            self._began = messages, cast("list[object]", dressed.get("tools") or [])
            dressed["messages"] = [_as_system(message) for message in unmarked(messages)]
            # A small model answers the same each time unless it is asked for something else.
            dressed.setdefault("temperature", 0.0)
            dressed["cache_prompt"] = True
            _tell_template(dressed, thinks=thinks)
            if self._slot is not None:
                dressed["id_slot"] = self._slot
        return dressed

    def succeeded(self) -> None:
        """Tell that the engine answered."""
        self._turn.is_told = True
        self._turn.lane.succeeded()
        messages, tools = self._began
        if self._target.reuse is not None and self._upstream is not None and messages:
            address = self._upstream.port, self._upstream.key
            self._target.reuse.learn(address, self._prefix, messages, tools)

    def failed(self, error: Exception) -> None:
        """Tell what went wrong; what is the caller's fault, or that many wait here, is not held against the engine."""
        if isinstance(error, EnginesBusy):
            return
        # A breaker that tries the engine learns nothing from the rest, and may try again.
        self._turn.is_told = isinstance(error, Unavailable | OSError)
        self._turn.lane.failed(error)

    def leave(self) -> None:
        """Count it as over. Does nothing the second time."""
        with self._leaving:
            if self._is_left:
                return
            self._is_left = True
            give_back = self._give_back
        if give_back is not None:
            give_back()
        self._target.leave()
        self._turn.lane.leave(self._turn)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()

    def _take_slot(self, upstream: Upstream) -> None:
        """Take a slot with the prefix, and give it back at once if the request was left meanwhile."""
        reuse, address = self._target.reuse, (upstream.port, upstream.key)
        slot = reuse.take(address, self._prefix) if reuse is not None else None
        if reuse is None or slot is None:
            return
        give_back = partial(reuse.leave, address, self._prefix, slot, None)
        with self._leaving:
            if not self._is_left:
                self._slot, self._give_back = slot, give_back
                return
        give_back()

    def _must_look(self) -> bool:
        return not self._has_looked and self._target.reuse is not None and self._target.reuse.knows(self._prefix)


class _InTurn(Engine):
    """An engine that is asked once the turn has come."""

    def __init__(self, turn: Turn, engine: Engine) -> None:
        self._turn = turn
        self._engine = engine

    @override
    def start(self) -> None:
        self._engine.start()

    @override
    def stop(self) -> None:
        """It is not this request's to stop."""

    @override
    def health(self) -> EngineHealth:
        return self._engine.health()

    @override
    def stream(self, request: EngineRequest) -> Generator[Chunk, None, None]:
        deadline = time.monotonic() + _TURN_SECONDS
        while not self._turn.wait(_TICK):
            if time.monotonic() > deadline:
                raise _no_turn(self._turn.lane.engine_id, _TURN_SECONDS)
            yield WaitingChunk()
        stream = self._engine.stream(request)
        try:
            yield from stream
        finally:
            stream.close()


def _tell_template(body: dict[str, object], *, thinks: bool | None) -> None:
    """Tell llama.cpp in its own fields what OpenAI's clients take for granted, or say in others."""
    for name in ("enable_thinking", "chat_template_kwargs", "reasoning_effort"):
        body.pop(name, None)
    if thinks is not None:
        body["chat_template_kwargs"] = {"enable_thinking": thinks}
    if body.get("tools"):
        body.setdefault("parallel_tool_calls", True)


def _tell(loop: asyncio.AbstractEventLoop, event: asyncio.Event) -> None:
    with suppress(RuntimeError):  # The loop may have ended meanwhile, and whoever waits with it.
        loop.call_soon_threadsafe(event.set)


def _as_system(message: dict[str, Any]) -> dict[str, Any]:
    """Return a message of the role that templates know; OpenAI's newer name for it is `developer`."""
    return {**message, "role": "system"} if message.get("role") == "developer" else message


def _no_turn(engine_id: str, seconds: float) -> EnginesBusy:
    return EnginesBusy(f"{engine_id} has been busy for {seconds:.0f} s; try again.", retry_after=1.0)
