"""A client of `jindou up` that takes too long to send a request is given up; one that waits for an answer is not."""

import asyncio
import contextlib
import select
import socket
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from jindou.surfaces.cli.server import config_of
from jindou.surfaces.punctual import PunctualProtocol
from support.desk import open_desk
from support.homes import copy_home
from support.waiting import wait_for

SECONDS = 1.0
POST = b"POST /%b HTTP/1.1\r\nHost: here\r\nContent-Length: %d\r\n\r\n"
Connect = Callable[[], socket.socket]


class Impatient(PunctualProtocol):
    """Gives its clients a second."""

    request_seconds = SECONDS


class Site:
    """Says how much of a body came; at `/early` at once, at `/late` later than any client may take."""

    def __init__(self) -> None:
        self.left = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        size = 0
        while scope["path"] != "/early":
            message = await receive()
            if message["type"] == "http.disconnect":
                self.left += 1
                return
            size += len(message.get("body", b""))
            if not message.get("more_body", False):
                break
        if scope["path"] == "/late":
            await asyncio.sleep(SECONDS * 2.5)
        body = b"%d bytes" % size
        headers = [(b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


@pytest.fixture(scope="module")
def served() -> Generator[tuple[Site, int]]:
    site = Site()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(site, http=Impatient, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="impatient")
        thread.start()
        try:
            yield site, listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(timeout=60)


@pytest.fixture
def connect(served: tuple[Site, int]) -> Generator[Connect]:
    with contextlib.ExitStack() as stack:
        yield lambda: stack.enter_context(socket.create_connection(("127.0.0.1", served[1]), timeout=60))


def rest(client: socket.socket) -> bytes:
    """Return everything up to the end of the connection."""
    told = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := client.recv(65_536):
            told += piece
    return told


def trickle(client: socket.socket) -> None:
    """Send a byte now and then until the server says something, or closes the connection."""
    for _ in range(600):
        if select.select([client], [], [], SECONDS / 10)[0]:
            return
        client.sendall(b"x")


def test_half_a_head_and_half_a_body_are_refused_in_time(served: tuple[Site, int], connect: Connect) -> None:
    site, _ = served
    before, began = site.left, time.monotonic()
    head, body, silent = connect(), connect(), connect()
    head.sendall(b"GET / HTTP/1.1\r\nHo")
    body.sendall(POST % (b"", 4) + b"12")
    for client in (head, body):
        told = rest(client)
        assert told.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
        assert b"\r\nconnection: close\r\n" in told
    assert rest(silent) == b""
    assert time.monotonic() - began < SECONDS * 20
    wait_for(lambda: site.left == before + 1)


@pytest.mark.parametrize("begun", [b"GET / HTTP/1.1\r\nX: ", POST % (b"", 1000)], ids=["head", "body"])
def test_who_sends_a_byte_now_and_then_gains_no_time(connect: Connect, begun: bytes) -> None:
    client = connect()
    client.sendall(begun)
    trickle(client)
    assert rest(client).startswith(b"HTTP/1.1 408 ")


def test_a_head_without_end_is_refused(connect: Connect) -> None:
    client = connect()
    sent = 0
    client.sendall(b"GET / HTTP/1.1\r\nX: ")
    with contextlib.suppress(OSError):
        for _ in range(2000):
            client.sendall(b"x" * 10_000)
            sent += 10_000
    assert sent < 20_000_000
    assert rest(client)[:13] in {b"HTTP/1.1 431 ", b""}


def test_a_body_before_it_is_not_part_of_a_head(connect: Connect) -> None:
    client = connect()
    client.sendall(POST % (b"", 50_000) + b"x" * 50_000 + b"GET / HTTP/1.1\r\nHo")
    time.sleep(SECONDS / 5)
    client.sendall(b"st: here\r\nConnection: close\r\n\r\n")
    told = rest(client)
    assert told.count(b"HTTP/1.1 200 OK") == 2
    assert b"50000 bytes" in told


def test_an_answer_may_take_longer_than_a_client(connect: Connect) -> None:
    client = connect()
    client.sendall(POST % (b"late", 2) + b"ab")
    assert client.recv(4096).startswith(b"HTTP/1.1 200 ")


def test_what_comes_behind_another_request_has_its_time_from_the_answer_before(connect: Connect) -> None:
    client = connect()
    client.sendall(POST % (b"late", 2) + b"ab" + POST % (b"", 4) + b"12")
    told = b""
    while not told.endswith(b"2 bytes"):
        told += client.recv(4096)
    client.sendall(b"34")
    while not told.endswith(b"4 bytes"):
        told += client.recv(4096)
    client.sendall(b"GET / HTTP/1.1\r\nHo")
    assert rest(client).startswith(b"HTTP/1.1 408 ")


def test_a_body_that_nobody_waits_for_any_more_ends_as_well(connect: Connect) -> None:
    client = connect()
    client.sendall(POST % (b"early", 1000))
    assert client.recv(4096).endswith(b"0 bytes")
    trickle(client)
    assert rest(client) == b""


def test_jindou_up_serves_by_it(made_home: Path, tmp_path: Path) -> None:
    with open_desk(copy_home(made_home, tmp_path / "home")) as desk:
        config: Any = config_of(desk.platform)
        config.load()
    assert config.http_protocol_class is PunctualProtocol
