"""A real server on this machine that answers as the hubs do, and a model of a few megabytes on it."""

import hashlib
import json
import socket
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from typing_extensions import override

from jindou.models.catalogue import ModelEntry, Progress, pull
from jindou.models.catalogue.store import Store
from jindou.models.catalogue.types import Architecture, ModelPrice, Source

__all__ = ["BYTES", "PRICE", "Hub", "entry", "fetch", "find", "open_hub", "silent_source"]

BYTES = bytes(range(256)) * 20_000
PRICE = ModelPrice(valid_from=date(2026, 1, 1), input=100, cached=20, output=300, reasoning=300)


class Hub(ThreadingHTTPServer):
    """Serves `files`, notes from which byte each was asked for, and publishes hashes as the hubs do.

    From the middle of each file on it trickles until `go`, which is set unless a test says otherwise.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Door)
        self.files: dict[str, bytes] = {}
        self.published: dict[str, str] = {}
        self.asked: list[tuple[str, int]] = []
        self.go = threading.Event()
        self.go.set()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"

    def source(self, name: str, content: bytes, *, published: str | None = None) -> Source:
        """Put a file on the hub; what is `published` of it is its real sha256 unless another is named."""
        self.files[f"/{name}"] = content
        self.published[f"/{name}"] = hashlib.sha256(content).hexdigest() if published is None else published
        return Source(name=name, url=f"{self.url}/{name}")

    def modelscope(self, name: str, content: bytes) -> Source:
        """Put a file where ModelScope would have it."""
        path = f"/models/Qwen/Tiny-GGUF/resolve/master/{name}"
        self.source(path[1:], content)
        return Source(name="modelscope", url=f"{self.url}{path}")


class _Door(BaseHTTPRequestHandler):
    @property
    def hub(self) -> Hub:
        assert isinstance(self.server, Hub)
        return self.server

    def do_HEAD(self) -> None:
        """Answer as Hugging Face does: a redirect to where the bytes are, with what Git LFS knows of them."""
        if self.path not in self.hub.files:
            self._answer(404, {})
            return
        published = self.hub.published[self.path]
        linked = {"X-Linked-Etag": f'"{published}"', "X-Linked-Size": str(len(self.hub.files[self.path]))}
        self._answer(302, {"Location": "http://127.0.0.1:1/elsewhere", **(linked if published else {})})

    def do_GET(self) -> None:
        """Give a file from where it is asked for, or the list that ModelScope gives."""
        if self.path.startswith("/api/v1/models/Qwen/Tiny-GGUF/repo/files?Revision=master"):
            self._list()
            return
        start = int(self.headers.get("Range", "bytes=0-")[6:-1])
        self.hub.asked.append((self.path[1:], start))
        content = self.hub.files[self.path][start:]
        self._answer(206 if start else 200, {"Content-Length": str(len(content))})
        at = len(content) // 2
        self.wfile.write(content[:at])
        while at < len(content) and not self.hub.go.wait(0.1):
            self.wfile.write(content[at : at + 500])
            at += 500
        self.wfile.write(content[at:])

    def _list(self) -> None:
        files = [
            {"Path": path.rpartition("/")[2], "Size": len(content), "Sha256": self.hub.published[path]}
            for path, content in self.hub.files.items()
        ]
        body = json.dumps({"Code": 200, "Data": {"Files": files}}).encode()
        self._answer(200, {"Content-Length": str(len(body))})
        self.wfile.write(body)

    def _answer(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def open_hub() -> Generator[Hub]:
    """Run a hub until the end of the block."""
    with Hub() as hub:
        threading.Thread(target=hub.serve_forever, daemon=True).start()
        yield hub
        hub.shutdown()


@contextmanager
def silent_source() -> Generator[Source]:
    """Give a source that takes a connection and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield Source(name="silent", url=f"http://127.0.0.1:{server.getsockname()[1]}/x")


def entry(*sources: Source, content: bytes = BYTES, name: str = "tiny", pinned: bool = True) -> ModelEntry:
    """Return an entry for `content`."""
    return ModelEntry(
        name=name,
        title=name.title(),
        kind="chat",
        parameters="1",
        quantisation="none",
        licence="Apache-2.0",
        context_tokens=4096,
        architecture=Architecture(layers=2, kv_heads=1, head_dim=8),
        native_tools=False,
        file=f"{name}.gguf",
        bytes=len(content) if pinned else 1,
        about=not pinned,
        sha256=hashlib.sha256(content).hexdigest() if pinned else "",
        sources=sources,
        prices=(PRICE,),
        checked_on=date(2026, 1, 1),
        facts="the test",
    )


def fetch(
    tiny: ModelEntry,
    folder: Path,
    steps: list[Progress] | None = None,
    *,
    offline: bool = False,
    patience: float = 30.0,
) -> Path:
    """Pull `tiny` into `folder`; a source that says nothing for `patience` seconds is given up."""
    report = (steps if steps is not None else []).append
    return pull(tiny, folder, timeout=patience, report=report, offline=offline)


def find(tiny: ModelEntry, folder: Path) -> Path | None:
    """Return the file of `tiny` if it is in `folder`."""
    return Store(folder).find(tiny)
