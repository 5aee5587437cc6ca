"""An engine of OpenAI's language whose every answer uses another number of tokens, and which knows what it told.

Answers can be held back until they are let go, so that many calls are under way at once.
"""

import asyncio
import contextlib
import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import httptools
from typing_extensions import override

__all__ = ["PROMPT_TOKENS", "Counting", "counting"]

PROMPT_TOKENS = 20
PIECES = 20
PAUSE = 0.005


class Counting:
    """What the engine was asked and told. `told` has the completion tokens of every answer that came to its end."""

    def __init__(self) -> None:
        self.port = 0
        self.asked = 0
        self.told: list[int] = []
        self._go = threading.Event()
        self._go.set()

    def hold(self) -> None:
        """Hold back answers from now on."""
        self._go.clear()

    def go(self) -> None:
        """Let answers go."""
        self._go.set()

    async def ready(self) -> None:
        """Wait until answers are let go."""
        if not self._go.is_set():
            await asyncio.get_running_loop().run_in_executor(None, self._go.wait)


class _Connection(asyncio.Protocol):
    def __init__(self, state: Counting) -> None:
        self._state = state
        self._body = b""
        self._tasks: set[asyncio.Task[None]] = set()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport: Any = transport
        self._parser = httptools.HttpRequestParser(self)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Write no more for a caller that has gone, as an engine does."""
        del exc
        for task in self._tasks:
            task.cancel()

    @override
    def data_received(self, data: bytes) -> None:
        """Read on."""
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        """Note what is asked."""
        self._body += body

    def on_message_complete(self) -> None:
        """Answer."""
        asked, self._body = json.loads(self._body or b"{}"), b""
        self._state.asked += 1
        number = self._state.asked
        work = self._stream(number) if asked.get("stream") else self._whole(number)
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _whole(self, number: int) -> None:
        await self._state.ready()
        message = {"role": "assistant", "content": "Good morning.", "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
        data = json.dumps(_head("chat.completion") | {"choices": [choice], "usage": _usage(number)}).encode()
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        self._state.told.append(number)
        self._transport.write(head % len(data) + data)

    async def _stream(self, number: int) -> None:
        await self._state.ready()
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        self._transport.write(head)
        for _ in range(PIECES):
            self._event({"index": 0, "delta": {"role": "assistant", "content": "word "}, "finish_reason": None})
            await asyncio.sleep(PAUSE)
        self._event({"index": 0, "delta": {}, "finish_reason": "stop"})
        self._state.told.append(number)
        self._event(None, usage=_usage(number))
        self._transport.write(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")

    def _event(self, choice: dict[str, Any] | None, **more: object) -> None:
        content = _head("chat.completion.chunk") | {"choices": [choice] if choice else []} | more
        data = b"data: " + json.dumps(content).encode() + b"\n\n"
        self._transport.write(b"%x\r\n%b\r\n" % (len(data), data))


def _head(kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": kind, "created": 1767225600, "model": "echo"}


def _usage(number: int) -> dict[str, int]:
    return {"prompt_tokens": PROMPT_TOKENS, "completion_tokens": number, "total_tokens": PROMPT_TOKENS + number}


@contextmanager
def counting() -> Generator[Counting]:
    """Run the engine on a free port of the loopback address, in a thread of its own."""
    state, loop, up = Counting(), asyncio.new_event_loop(), threading.Event()

    def serve() -> None:
        asyncio.set_event_loop(loop)
        server = loop.run_until_complete(loop.create_server(lambda: _Connection(state), "127.0.0.1", 0))
        state.port = server.sockets[0].getsockname()[1]
        up.set()
        with contextlib.suppress(RuntimeError):
            loop.run_forever()
        server.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    up.wait()
    try:
        yield state
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=5)
