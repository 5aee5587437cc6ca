"""Large bodies: what they may be made of, where they are read, and what both servers do with them."""

import asyncio
import json
import threading
from collections.abc import Callable

import pytest
from gateway_site import Gateway
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Scope

from jindou.errors import Limited, TooLarge
from jindou.surfaces.http.v1 import Call
from jindou.surfaces.http.v1.asgi import AsgiExchange
from jindou.surfaces.http.v1.large import require_few_values
from jindou.surfaces.http.wire import Limits, Room

MANY = 200_001
MEGABYTE = 1_000_000


@pytest.mark.parametrize(
    "body",
    [
        b"[" + b"[]," * MANY + b"[]]",
        b"[" + b"1," * MANY + b"1]",
        b"[" + b'"",' * MANY + b'""]',
        b'{"a": "\\\\", "b": [' + b"{}," * MANY + b"{}]}",
        b'["' + b'\\"' * MEGABYTE + b'",' + b"1," * MANY + b"1]",
        b"[" * MANY,
    ],
    ids=["lists", "numbers", "texts", "behind a backslash", "behind a text", "deep"],
)
def test_a_body_of_too_many_values_is_refused(body: bytes) -> None:
    with pytest.raises(TooLarge, match="200000 values"):
        require_few_values(body)


@pytest.mark.parametrize(
    "text", ["a, b, [c] {d}, " * MEGABYTE, json.dumps([{}] * MEGABYTE), '\\"' * MEGABYTE, "\\" * MEGABYTE]
)
def test_what_is_in_a_text_is_no_value(text: str) -> None:
    require_few_values(json.dumps({"messages": [{"role": "user", "content": text}], "n": 1}).encode())


@given(text=st.text(alphabet='\\"[,a', max_size=20), at=st.integers(0, 20))
def test_a_text_ends_where_it_ends_wherever_the_pieces_do(text: str, at: int) -> None:
    before = json.dumps(["x" * (250_000 - 2 - at), text]).encode()
    require_few_values(before)
    with pytest.raises(TooLarge):
        require_few_values(before[:-1] + b",[" + b"1," * MANY + b'"]"]]')


@pytest.mark.parametrize(("size", "name"), [(1000, "MainThread"), (MEGABYTE // 2, "body_0")])
def test_a_large_body_is_read_in_a_thread_of_its_own(steady: Gateway, size: int, name: str) -> None:
    assert read(steady, b'"' + b"x" * size + b'"', lambda _: threading.current_thread().name) == name


def test_a_large_body_of_too_many_values_is_not_read(steady: Gateway) -> None:
    with pytest.raises(TooLarge):
        read(steady, b"[" + b"1," * MANY + b"1]", lambda _: pytest.fail("It was read."))


def test_large_bodies_have_so_much_room_together_at_jindou_up_too() -> None:
    limits = Limits(small_bytes=100, body_bytes=1000, room_bytes=1000)
    room = Room(limits)

    async def ask() -> None:
        first, second, small = (exchange_of(b"x" * size, limits, room) for size in (600, 500, 100))
        assert len(await first.body()) == 600
        assert len(await small.body()) == 100
        with pytest.raises(Limited):
            await second.body()
        second.close()
        first.close()
        small.close()
        whole = exchange_of(b"x" * 1000, limits, room)
        assert len(await whole.body()) == 1000
        whole.close()

    asyncio.run(ask())


def exchange_of(body: bytes, limits: Limits, room: Room) -> AsgiExchange:
    """Return what `jindou up` has of a request."""

    async def receive() -> Message:
        return {"type": "http.request", "body": body}

    async def send(_: Message) -> None:
        pytest.fail("Nothing is sent.")

    scope: Scope = {"type": "http", "method": "POST", "path": "/v1/x", "headers": []}
    return AsgiExchange(scope, receive, send, limits, room)


def read(gateway: Gateway, body: bytes, make: Callable[[bytes], str]) -> str:
    """Have a call read a body."""

    async def ask() -> str:
        exchange = exchange_of(body, Limits(), Room(Limits()))
        try:
            return await Call(exchange, gateway.platform.gateway).read(make)
        finally:
            exchange.close()

    return asyncio.run(ask())
