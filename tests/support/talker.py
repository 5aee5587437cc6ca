"""An engine in a process of its own that refunds what it is asked to refund, once, and then says so."""

import json
import re
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from typing_extensions import override

from support.scripted import call

__all__ = ["question", "talk"]

_PAUSE_SECONDS = 0.01
_ASKED = re.compile(r"Refund ([0-9.]+) on (SO-[0-9]+), ([a-z0-9 ]+)\.")


def question(order: str, amount: str, reason: str) -> str:
    """Return what a person writes to have something refunded."""
    return f"Refund {amount} on {order}, {reason}."


class _Engine(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._begin("application/json")
        self.wfile.write(json.dumps({"object": "list", "data": []}).encode())

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self._begin("text/event-stream")
        for delta in _deltas(asked["messages"]):
            self._say(_event(delta))
            time.sleep(_PAUSE_SECONDS)
        self._say(_event({}, "stop"))
        self._say({"choices": [], "usage": {"prompt_tokens": 50, "completion_tokens": 10}})
        self.wfile.write(b"data: [DONE]\n\n")

    def _begin(self, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()

    def _say(self, event: object) -> None:
        self.wfile.write(b"data: " + json.dumps(event).encode() + b"\n\n")
        self.wfile.flush()

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Keep silent."""


def _event(delta: dict[str, Any], finish: str | None = None) -> dict[str, object]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def _deltas(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if any(message["role"] == "tool" for message in messages):
        return [{"content": word} for word in ("It ", "is ", "refunded.")]
    asked = _ASKED.search(json.dumps(messages))
    if asked is None:
        return [{"content": "What shall I refund?"}]
    return [{"content": call("refund_order", order_id=asked[2], amount=float(asked[1]), reason=asked[3])}]


def talk(port: int) -> None:
    """Answer on a port of the loopback address, for good."""
    ThreadingHTTPServer.request_queue_size = 64
    ThreadingHTTPServer(("127.0.0.1", port), _Engine).serve_forever()
