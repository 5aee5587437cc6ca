"""A worker of the gateway asks the process that runs the models for one that is not at work."""

import json
import threading
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typing_extensions import override

from jindou.models.engines import EngineConfig
from jindou.models.serving.remote import RemoteModels
from jindou.models.upstreams import EngineUnavailable
from support.server import free_port


class Owner(ThreadingHTTPServer):
    """Answers with `status`, and notes what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Door)
        self.status = 204
        self.asked: list[tuple[str, str | None, object]] = []


class _Door(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Owner)
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, self.headers["Authorization"], body))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def owner() -> Generator[Owner]:
    with Owner() as owner:
        serving = threading.Thread(target=owner.serve_forever)
        serving.start()
        yield owner
        owner.shutdown()
        serving.join()


def models_of(folder: Path, port: int) -> RemoteModels:
    def config_of(name: str) -> EngineConfig:
        return EngineConfig(name, folder / "a.gguf", 2048, 0, folder / "a.log", announced=folder / "engines.json")

    return RemoteModels(config_of, lambda: (f"http://127.0.0.1:{port}", "the-key"))


def test_the_owner_is_asked_with_the_operators_key(owner: Owner, tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match="The engine for a is not running"):
        models_of(tmp_path, owner.server_port).load("a", 0.1)
    assert owner.asked == [("/api/deployments/loading", "Bearer the-key", {"model": "a"})]


def test_what_the_owner_refuses_is_told_with_its_status(owner: Owner, tmp_path: Path) -> None:
    owner.status = 503
    with pytest.raises(EngineUnavailable, match=r"could not load a \(503\)"):
        models_of(tmp_path, owner.server_port).load("a", 5)


def test_an_owner_that_is_gone_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match=r"does not answer \(ConnectionRefusedError\)"):
        models_of(tmp_path, free_port()).load("a", 5)
