"""A server of OpenAI's API that says what a test tells it to: somebody else's, so nothing of the platform is in it."""

import json
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from typing_extensions import override

__all__ = ["OpenAIServer", "delta", "finish", "open_upstream", "serving", "usage"]


@dataclass
class OpenAIServer:
    """What it answers, and what it has been asked."""

    url: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict[str, str])
    error: object = None
    events: Sequence[object] = ()
    """JSON to send; a number is a pause in seconds."""
    models_status: int = 200
    asked: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    authorized: list[str] = field(default_factory=list[str])
    left: threading.Event = field(default_factory=threading.Event)
    """Set once a client has gone in the middle."""

    def says(self, text: str) -> None:
        """Answer with one piece of text, and five tokens of which two are cached."""
        self.status = 200
        self.events = [delta(content=text), finish("stop"), usage(5, 2, 1)]


def delta(**fields: object) -> dict[str, object]:
    """Return a piece of an answer."""
    return {"choices": [{"index": 0, "delta": fields, "finish_reason": None}]}


def finish(reason: str) -> dict[str, object]:
    """Return the end of an answer."""
    return {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}


def usage(prompt: int, cached: int, completion: int, reasoning: int = 0) -> dict[str, object]:
    """Return the count at the end."""
    told = {"prompt_tokens": prompt, "completion_tokens": completion}
    details = {"prompt_tokens_details": {"cached_tokens": cached}}
    thoughts = {"completion_tokens_details": {"reasoning_tokens": reasoning}}
    return {"choices": [], "usage": {**told, **details, **thoughts}}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, state: OpenAIServer) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.state = state


class _Answering(BaseHTTPRequestHandler):
    @property
    def _state(self) -> OpenAIServer:
        assert isinstance(self.server, _Server)
        return self.server.state

    def do_GET(self) -> None:
        self._answer(self._state.models_status, {}, {"object": "list", "data": []})

    def do_POST(self) -> None:
        state = self._state
        state.asked.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        state.authorized.append(self.headers.get("authorization", ""))
        if state.status != 200:
            self._answer(state.status, state.headers, state.error)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        try:
            for event in state.events:
                self._say(event)
            self.wfile.write(b"data: [DONE]\n\n")
        except OSError:
            state.left.set()

    def _say(self, event: object) -> None:
        if not isinstance(event, int | float):
            self.wfile.write(b"data: " + json.dumps(event).encode() + b"\n\n")
            return
        deadline = time.monotonic() + event
        while time.monotonic() < deadline:
            self.wfile.write(b": still here\n\n")
            time.sleep(0.02)

    def _answer(self, status: int, headers: dict[str, str], content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response_only(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def open_upstream() -> Generator[OpenAIServer]:
    """Serve on a free port of the loopback interface."""
    state = OpenAIServer()
    with serving(_Server(state)) as state.url:
        yield state


@contextmanager
def serving(server: ThreadingHTTPServer) -> Generator[str]:
    """Have a server of OpenAI's API serve, and return its base URL."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
