"""A stream that says more than anybody can read is passed on a hundred times a second, and every other as it comes."""

import asyncio
from collections.abc import Callable, Generator
from typing import Any, cast

import pytest
from typing_extensions import override

from jindou.models.upstreams.connection import Connection
from jindou.models.upstreams.pacing import Pace, Pacer
from jindou.models.upstreams.types import Upstream

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
PIECE, END = b"1\r\nx\r\n", b"0\r\n\r\n"


class Now:
    """An event loop's clock that a test moves."""

    at = 100.0

    def time(self) -> float:
        return self.at

    def create_future(self) -> "asyncio.Future[None]":
        return asyncio.get_running_loop().create_future()


class Wire:
    """A transport that says whether it is read."""

    is_read = True
    is_closed = False

    def pause_reading(self) -> None:
        self.is_read = False

    def resume_reading(self) -> None:
        assert not self.is_closed
        self.is_read = True

    def is_closing(self) -> bool:
        return self.is_closed


class Rests(Pacer):
    """A pacer whose rest a test ends."""

    @override
    def rest(self, go_on: Callable[[], None]) -> None:
        self._resting.append(go_on)

    def end(self) -> None:
        self._go_on()


class Stream:
    """A reply under way; `came` has what was handed on, each time."""

    def __init__(self) -> None:
        self.now, self.wire, self.rests = Now(), Wire(), Rests()
        self.came: list[bytes] = []
        loop = cast("asyncio.AbstractEventLoop", self.now)
        upstream = Upstream("http", "127.0.0.1", 9, "/v1", "")
        self.connection = Connection(loop, upstream, lambda _, _is_free: None, lambda _: None, self.rests)
        self.connection.connection_made(cast("Any", self.wire))
        self.connection.data_received(HEAD)

    def hear(self, data: bytes, after: float) -> None:
        self.now.at += after
        self.connection.data_received(data)


@pytest.fixture
def stream() -> Generator[Stream]:
    with asyncio.Runner() as runner:
        found = Stream()
        reading = runner.get_loop().create_task(found.connection.each(found.came.append))
        runner.run(asyncio.sleep(0))
        yield found
        found.connection.data_received(END)
        runner.run(asyncio.wait_for(reading, 30))


def test_what_somebody_can_read_is_passed_on_as_it_comes(stream: Stream) -> None:
    for _ in range(40):
        stream.hear(PIECE, 0.006)
        assert stream.wire.is_read
    stream.hear(PIECE * 4, 0.1)
    stream.hear(PIECE, 0.001)
    assert stream.wire.is_read, "Some at once make no fast stream."
    assert stream.came == [b"x"] * 40 + [b"xxxx", b"x"]


def hear_fast(stream: Stream) -> None:
    """Hear pieces until they are too many."""
    for _ in range(30):
        if stream.wire.is_read:
            stream.hear(PIECE, 0.002)


def test_a_faster_one_rests_and_goes_on_with_what_has_come(stream: Stream) -> None:
    stream.hear(PIECE, 0.0)
    assert stream.wire.is_read, "The first piece is waited for."
    hear_fast(stream)
    assert not stream.wire.is_read
    before = len(stream.came)
    stream.rests.end()
    assert stream.wire.is_read
    stream.hear(PIECE * 5, 0.01)
    assert not stream.wire.is_read, "It is still as fast."
    stream.rests.end()
    stream.hear(PIECE, 0.05)
    assert stream.wire.is_read, "It has become slow."
    assert stream.came[before:] == [b"xxxxx", b"x"]


def test_each_stream_begins_anew() -> None:
    pace = Pace()
    pace.begin(100.0)
    assert pace.is_fast(100.0, 1000)
    assert pace.is_fast(100.01, 1)
    pace.begin(100.02)
    assert not pace.is_fast(100.021, 1)
    assert pace.is_fast(100.021, 1000)
    assert not pace.is_fast(100.2, 1), "However much has come, it is not kept back for long."


def test_the_end_is_not_followed_by_a_rest(stream: Stream) -> None:
    stream.hear(PIECE * 30 + END, 0.001)
    assert stream.wire.is_read
    assert stream.came == [b"x" * 30]


def test_a_connection_that_closes_while_it_rests_stays_closed(stream: Stream) -> None:
    hear_fast(stream)
    stream.wire.is_closed = True
    stream.rests.end()
    assert not stream.wire.is_read


def test_a_loop_that_ended_leaves_nothing_to_wait_for() -> None:
    pacer, over = Pacer(), list[int]()

    async def leave() -> None:
        pacer.rest(lambda: over.append(1))

    async def rest() -> None:
        event = asyncio.Event()
        pacer.rest(event.set)
        await asyncio.wait_for(event.wait(), 30)

    asyncio.run(leave())
    asyncio.run(rest())
    assert over == []


def test_all_that_rest_go_on_together() -> None:
    async def rest() -> list[int]:
        pacer, gone, over = Pacer(), list[int](), asyncio.Event()
        for number in range(3):
            pacer.rest(lambda number=number: gone.append(number))
        pacer.rest(over.set)
        assert gone == []
        await asyncio.wait_for(over.wait(), 30)
        return gone

    assert asyncio.run(rest()) == [0, 1, 2]
