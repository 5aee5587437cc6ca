"""An engine of OpenAI's language that answers at once: ``python -m proxies.engine PORT [--chunks N --pause S]``.

It keeps count of what it said it had used, and tells it at ``GET /used``.
"""

import argparse
import asyncio
import json
from typing import Any

import httptools
import uvloop
from typing_extensions import override

PROMPT_TOKENS = 20
ANSWER_TOKENS = 9


class Engine(asyncio.Protocol):
    """One connection."""

    chunks = 100
    pause = 0.002
    used = {"requests": 0, "prompt": 0, "completion": 0}  # noqa: RUF012 - one count for all connections

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport: Any = transport
        self._parser = httptools.HttpRequestParser(self)
        self._body = b""
        self._url = b""

    @override
    def data_received(self, data: bytes) -> None:
        """Read on."""
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        """Note where to."""
        self._url = url

    def on_body(self, body: bytes) -> None:
        """Note what is asked."""
        self._body += body

    def on_message_complete(self) -> None:
        """Answer."""
        body, self._body = self._body, b""
        if self._url == b"/used":
            self._whole(self.used)
        elif json.loads(body or b"{}").get("stream"):
            task = asyncio.get_running_loop().create_task(self._stream())
            task.add_done_callback(lambda _: None)
        else:
            self._count(ANSWER_TOKENS)
            message = {"role": "assistant", "content": "Good morning. The lamp is on its way.", "refusal": None}
            choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
            self._whole(_head("chat.completion") | {"choices": [choice], "usage": _usage(ANSWER_TOKENS)})

    def _whole(self, content: dict[str, Any]) -> None:
        data = json.dumps(content).encode()
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        self._transport.write(head % len(data) + data)

    async def _stream(self) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        self._transport.write(head)
        begin = _head("chat.completion.chunk")
        self._event(begin | {"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]})
        for _ in range(self.chunks):
            await asyncio.sleep(self.pause)
            choice = {"index": 0, "delta": {"content": "word "}, "logprobs": None, "finish_reason": None}
            self._event(begin | {"choices": [choice]})
        self._event(begin | {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        self._event(begin | {"choices": list[object](), "usage": _usage(self.chunks)})
        self._count(self.chunks)
        self._transport.write(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")

    def _event(self, content: dict[str, Any]) -> None:
        data = b"data: " + json.dumps(content).encode() + b"\n\n"
        self._transport.write(b"%x\r\n%b\r\n" % (len(data), data))

    def _count(self, completion: int) -> None:
        self.used["requests"] += 1
        self.used["prompt"] += PROMPT_TOKENS
        self.used["completion"] += completion


def _head(kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": kind, "created": 1767225600, "model": "echo"}


def _usage(completion: int) -> dict[str, int]:
    total = PROMPT_TOKENS + completion
    return {"prompt_tokens": PROMPT_TOKENS, "completion_tokens": completion, "total_tokens": total}


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Engine, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("--chunks", type=int, default=100)
    parser.add_argument("--pause", type=float, default=0.002)
    asked = parser.parse_args()
    Engine.chunks, Engine.pause = asked.chunks, asked.pause
    uvloop.run(_serve(asked.port))
