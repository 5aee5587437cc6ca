"""A server on a real port whose application does what the path says, and raw sockets before it."""

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import httptools

from jindou.errors import Limited, TooLarge
from jindou.surfaces.http.wire import Exchange, Limits, Server

__all__ = ["LIMITS", "Answer", "Client", "Site", "post", "serving"]

LIMITS = Limits(head_bytes=4096, body_bytes=1000, look_seconds=0.05, request_seconds=30.0, idle_seconds=30.0)
PIECE = b"x" * 65_536
TEXT = {"content-type": "text/plain"}


class Site:
    """What the application was asked, and what it waits for."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.asked: list[str] = []
        self.left: list[str] = []
        self.has_left = threading.Event()
        self.sent = 0
        self._loop = asyncio.get_running_loop()
        self._go = asyncio.Event()

    def go(self) -> None:
        """Let the answers go on that wait."""
        self.call(self._go.set)

    def call(self, verb: Callable[[], None]) -> None:
        """Do something in the loop of the server, if it has not ended."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(verb)

    async def answer(self, exchange: Exchange) -> None:
        """Answer one request."""
        self.asked.append(f"{exchange.method} {exchange.path}")
        exchange.when_left(lambda: self._leave(exchange.path))
        try:
            body = await exchange.body()
        except (TooLarge, Limited) as refused:
            status, told = (413, b"too large") if isinstance(refused, TooLarge) else (429, b"later")
            await exchange.answer(status, TEXT, told)
            return
        match exchange.path:
            case "/hold":
                await self._go.wait()
                await exchange.answer(200, TEXT, b"held")
            case "/stream":
                await exchange.begin(200, TEXT)
                await exchange.send(b"one ")
                await self._go.wait()
                await exchange.send(b"two ")
                await exchange.end(b"three")
            case "/flood":
                await self._flood(exchange)
            case "/break":
                await exchange.begin(200, TEXT)
                await exchange.send(b"one ")
                raise RuntimeError("The application broke.")
            case _:
                told = {"method": exchange.method, "path": exchange.path, "body": body.decode()}
                await exchange.answer(200, {"content-type": "application/json"}, json.dumps(told).encode())

    async def _flood(self, exchange: Exchange) -> None:
        await exchange.begin(200, TEXT)
        while exchange.path not in self.left:
            await exchange.send(PIECE)
            self.sent += len(PIECE)
        await exchange.end()

    def _leave(self, path: str) -> None:
        self.left.append(path)
        self.has_left.set()


class Answer:
    """One answer, read off a socket."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""
        self.is_over = False
        self._parser = httptools.HttpResponseParser(self)

    def feed(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode()] = value.decode()

    def on_headers_complete(self) -> None:
        self.status = self._parser.get_status_code()

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.is_over = True

    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """A connection, byte by byte."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)

    def send(self, data: bytes) -> "Client":
        self.socket.sendall(data)
        return self

    def read(self) -> Answer:
        """Return the next answer; of several that came together it takes the bytes one by one."""
        answer = Answer()
        while not answer.is_over:
            data = self.socket.recv(1)
            assert data, f"The server closed the connection after {answer.body!r}."
            answer.feed(data)
        return answer

    def rest(self) -> bytes:
        """Return everything up to the end of the connection."""
        pieces: list[bytes] = []
        try:
            while piece := self.socket.recv(65_536):
                pieces.append(piece)
        except ConnectionResetError:
            pass
        return b"".join(pieces)

    def until(self, end: bytes) -> bytes:
        """Return everything up to `end`."""
        told = b""
        while not told.endswith(end):
            told += self.socket.recv(1)
        return told

    def close(self) -> None:
        self.socket.close()


def post(path: str, body: bytes = b"", *more: str) -> bytes:
    """Return the bytes of a request."""
    lines = [f"POST {path} HTTP/1.1", "Host: here", f"Content-Length: {len(body)}", *more, "", ""]
    return "\r\n".join(lines).encode() + body


@contextmanager
def serving(**limits: Any) -> Generator[tuple[Site, Server]]:
    """Serve until the block ends."""
    made: list[tuple[Site, Server]] = []
    up = threading.Event()

    async def serve(listener: socket.socket) -> None:
        site = Site(listener.getsockname()[1])
        server = Server(site.answer, replace(LIMITS, **limits))
        made.append((site, server))
        await server.serve(listener, up.set)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=lambda: asyncio.run(serve(listener)), name="wire")
        thread.start()
        assert up.wait(60)
        site, server = made[0]
        try:
            yield site, server
        finally:
            site.go()
            site.call(server.stop)
            thread.join(timeout=60)
            assert not thread.is_alive()
