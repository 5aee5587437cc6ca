"""The doors of one installation: the application in this process, its port, the Python client and the terminal."""

import asyncio
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn
from httpx import ASGITransport, AsyncClient

from jindou.assembly import Platform
from jindou.surfaces.app import create_app
from jindou_client import Client

__all__ = ["Answer", "Site", "Wire", "serving"]

_CODES = {0: 200, 2: 422, 4: 401, 5: 403, 6: 404, 7: 409}
"""What a command ends with, as the status of the answer behind it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, and every word."""

    status: int
    text: str

    @property
    def json(self) -> Any:
        """The text, read."""
        return json.loads(self.text)


class Wire:
    """Ways to ask an application."""

    def __init__(self, platform: Platform, app: Any, runner: asyncio.Runner) -> None:
        self.platform = platform
        self._runner = runner
        self._client = AsyncClient(
            transport=ASGITransport(app, raise_app_exceptions=False), base_url=platform.settings.url
        )

    def send(self, method: str, path: str, headers: Mapping[str, str], body: object = None) -> Answer:
        """Send a request to the application in this process."""
        return self._runner.run(self._send(method, path, headers, body))

    def open(self, path: str, headers: Mapping[str, str], form: Mapping[str, str] | None = None) -> Answer:
        """Ask for a page as a browser does, or send a form."""
        asked = {"accept": "text/html", **headers}
        return self._runner.run(self._send("GET" if form is None else "POST", path, asked, form=form))

    def operator(self, method: str, path: str, body: object = None) -> Any:
        """Send a request with the operator's key, and return what is answered."""
        headers = {"Authorization": f"Bearer {self.platform.home.operator_key()}"}
        return self.send(method, path, headers, body).json

    def client(self, headers: Mapping[str, str]) -> Client:
        """Return the Python client of whoever the headers are of, on the real port."""
        return Client(self.platform.settings.url, headers["Authorization"].removeprefix("Bearer "))

    def command(self, words: Sequence[str]) -> Answer:
        """Run a command in a process of its own."""
        command = [sys.executable, "-m", "jindou", *words, "--home", str(self.platform.home.path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)
        return Answer(_CODES.get(done.returncode, 500), done.stdout + done.stderr)

    async def _send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: object = None,
        form: Mapping[str, str] | None = None,
    ) -> Answer:
        answer = await self._client.request(method, path, headers=dict(headers), json=body, data=form)
        return Answer(answer.status_code, answer.text)


class Site:
    """A port that is taken, before there is anything to serve on it."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self.port: int = listener.getsockname()[1]

    @contextmanager
    def open(self, platform: Platform) -> Generator[Wire]:
        """Serve `platform` until the block ends. Runs are moved on by whoever has it."""
        app = create_app(platform)
        config = uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1, lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [self._listener]}, name="access")
        platform.gateway.start()
        thread.start()
        platform.home.announce(platform.settings.url)
        try:
            with asyncio.Runner() as runner:
                yield Wire(platform, app, runner)
        finally:
            server.should_exit = True
            thread.join(timeout=60)
            platform.gateway.stop(seconds=1.0)


@contextmanager
def serving() -> Generator[Site]:
    """Take any port that is free."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield Site(listener)
