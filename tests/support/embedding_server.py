"""A server of OpenAI's `/embeddings` that says what a test tells it to: nothing of the platform is in it."""

import json
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from typing_extensions import override

from support.upstream import serving

__all__ = ["Answer", "EmbeddingServer", "embeds", "hangs_up", "open_embedding_server", "refuses"]


class Answer(NamedTuple):
    """What it says to one request; a status of 0 is that it hangs up without a word."""

    status: int
    body: bytes
    retry_after: str = ""


Say = Callable[[dict[str, Any]], Answer]
"""Returns what it says to the body of a request."""


@dataclass
class EmbeddingServer:
    """What it says to its first requests, one after the other, and the last of it from then on."""

    url: str = ""
    says: list[Say] = field(default_factory=list[Say])
    asked: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])


def embeds(tokens: int) -> Say:
    """Make the same vector for each text, and say that all of them had so many tokens."""

    def say(body: dict[str, Any]) -> Answer:
        data = [{"index": at, "embedding": [3.0, 4.0]} for at in range(len(body["input"]))]
        return Answer(200, json.dumps({"data": data, "usage": {"prompt_tokens": tokens}}).encode())

    return say


def refuses(status: int, message: str = "", retry_after: str = "") -> Say:
    """Say an error; one without a message has no JSON either, as proxies answer."""
    told = json.dumps({"error": {"message": message}}) if message else "<html>"
    return lambda _: Answer(status, told.encode(), retry_after)


def hangs_up(_: dict[str, Any]) -> Answer:
    """Say nothing, and close the connection."""
    return Answer(0, b"")


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, state: EmbeddingServer) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.state = state


class _Answering(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, _Server)
        state = self.server.state
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        state.asked.append(body)
        answer = state.says[min(len(state.asked), len(state.says)) - 1](body)
        if not answer.status:
            return
        self.send_response_only(answer.status)
        if answer.retry_after:
            self.send_header("Retry-After", answer.retry_after)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def open_embedding_server(*says: Say) -> Generator[EmbeddingServer]:
    """Serve on a free port of the loopback interface."""
    state = EmbeddingServer(says=[*says])
    with serving(_Server(state)) as state.url:
        yield state
