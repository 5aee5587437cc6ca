"""The client for engines that speak HTTP, before servers that keep to nothing."""

import asyncio
from dataclasses import replace

import pytest

from jindou.errors import Cancelled
from jindou.models.upstreams import EngineDied, EngineUnavailable, Upstream, Upstreams, Waits, client
from support.loose_server import CHUNKED, OK, asked, asked_reply, request_of, serving


def test_a_connection_is_kept_for_the_next_request() -> None:
    heads: list[bytes] = []
    connections = 0

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while True:
            try:
                heads.append(await request_of(reader))
            except asyncio.IncompleteReadError:
                writer.close()
                return
            writer.write(OK)

    async def ask() -> None:
        async with serving(handler) as (pool, upstream):
            for _ in range(3):
                assert await asked(pool, upstream) == (200, b"ok")

    asyncio.run(ask())
    assert connections == 1
    assert heads[0].startswith(b"POST /v1/chat/completions HTTP/1.1\r\n")
    assert b"Authorization: Bearer secret\r\n" in heads[0]


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (b"", "closed the connection"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", "closed the connection"),
        (CHUNKED + b"2\r\nab\r\n", "closed the connection"),
        (b"220 smtp.example.com ESMTP\r\n", "does not speak HTTP"),
    ],
)
def test_what_breaks_off_is_an_engine_that_died(sent: bytes, told: str) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(sent)
        writer.close()

    async def ask() -> None:
        async with serving(handler) as (pool, upstream):
            with pytest.raises(EngineDied, match=told):
                await asked(pool, upstream)

    asyncio.run(ask())


def test_a_body_without_a_length_ends_with_its_connection() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it")
        writer.close()

    async def ask() -> None:
        async with serving(handler) as (pool, upstream):
            assert await asked(pool, upstream) == (200, b"all of it")

    asyncio.run(ask())


def test_nobody_there_is_unavailable_and_the_key_is_not_told() -> None:
    async def ask() -> None:
        with pytest.raises(EngineUnavailable) as refused:
            await asked(Upstreams(), Upstream("http", "127.0.0.1", 9, "", key="secret"))
        assert "secret" not in str(refused.value)

    asyncio.run(ask())


@pytest.mark.parametrize("sent", [b"", CHUNKED, CHUNKED + b"1\r\nx\r\n"])
def test_a_server_that_says_nothing_is_left_in_time(sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_LOOK_SECONDS", 0.05)

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(sent)
        await reader.read()
        writer.close()

    async def ask() -> None:
        async with serving(handler) as (pool, upstream):
            hurried = replace(upstream, first_seconds=0.05, silent_seconds=0.05)
            with pytest.raises(EngineDied, match="too long"):
                await asked(pool, hurried, stream=True)

    asyncio.run(ask())


def test_the_head_of_a_stream_is_not_its_first_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_LOOK_SECONDS", 0.02)

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(CHUNKED)
        await writer.drain()
        await asyncio.sleep(0.3)
        writer.write(b"1\r\nx\r\n0\r\n\r\n")
        writer.close()

    async def ask() -> None:
        async with serving(handler) as (pool, upstream):
            assert await asked(pool, replace(upstream, silent_seconds=0.05), stream=True) == (200, b"x")

    asyncio.run(ask())


def test_whoever_hurries_a_reply_that_nobody_waits_for_does_not_call_the_engine_dead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client, "_LOOK_SECONDS", 0.05)

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        await reader.read()
        writer.close()

    async def ask() -> None:
        async with serving(handler) as (pool, upstream):
            reply = await pool.post(upstream, "/x", b"{}")
            reply.hurry(0.05)
            with pytest.raises(Cancelled):
                await reply.answered()
            reply.close()

    asyncio.run(ask())


def test_a_reply_that_is_over_hurries_nobody_who_has_its_connection_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_LOOK_SECONDS", 0.02)
    connections = 0

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        for seconds in (0.0, 0.3):
            await request_of(reader)
            await asyncio.sleep(seconds)
            writer.write(OK)
        writer.close()

    async def ask() -> None:
        async with serving(handler) as (pool, upstream):
            first = await pool.post(upstream, "/x", b"{}")
            await first.answered()
            await first.read()
            first.close()
            second = await pool.post(upstream, "/x", b"{}")
            first.hurry(0.0)
            assert await second.answered() == 200
            assert await second.read() == b"ok"
            second.close()

    asyncio.run(ask())
    assert connections == 1


def test_a_server_is_not_silent_while_nobody_takes_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_LOOK_SECONDS", 0.02)
    whole = 1 << 21

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (whole, b"x" * whole))
        await writer.drain()
        writer.close()

    async def ask() -> int:
        async with serving(handler) as (pool, upstream):
            reply = await pool.post(replace(upstream, silent_seconds=0.1), "/x", b"{}", stream=True)
            await reply.answered()
            await asyncio.sleep(0.5)
            read = len(await reply.read())
            reply.close()
            return read

    assert asyncio.run(ask()) == whole


def test_a_reader_that_is_slow_holds_the_server_back() -> None:
    written = 0

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        await request_of(reader)
        writer.write(CHUNKED)
        for _ in range(1000):
            writer.write(b"8000\r\n" + b"x" * 32768 + b"\r\n")
            written += 32768
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        writer.close()

    async def ask() -> int:
        async with serving(handler) as (pool, upstream):
            reply = await pool.post(upstream, "/x", b"{}")
            await reply.answered()
            await asyncio.sleep(0.3)
            assert written < 16_000_000
            whole = len(await reply.read())
            reply.close()
            return whole

    assert asyncio.run(ask()) == 1000 * 32768


def test_what_comes_is_handed_on_at_once_and_waits_only_for_who_asks_for_it() -> None:
    taken: list[bytes] = []
    waited: list[int] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(CHUNKED)
        for number in range(6):
            writer.write(b"1\r\n%d\r\n" % number)
            await writer.drain()
            await asyncio.sleep(0.01)
        writer.write(b"0\r\n\r\n")
        writer.close()

    async def slow() -> None:
        before = len(taken)
        await asyncio.sleep(0.025)
        waited.append(len(taken) - before)

    def take(piece: bytes) -> Waits | None:
        taken.append(piece)
        return slow() if piece.startswith(b"2") else None

    async def ask() -> None:
        async with serving(handler) as (pool, upstream), asked_reply(pool, upstream) as reply:
            await reply.each(take)

    asyncio.run(ask())
    assert b"".join(taken) == b"012345"
    assert waited == [0]


def test_what_goes_wrong_where_it_is_handed_on_ends_the_reply() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(CHUNKED + b"1\r\na\r\n")
        await reader.read()
        writer.close()

    def take(piece: bytes) -> Waits | None:
        raise EngineDied(piece.decode())

    async def ask() -> None:
        async with serving(handler) as (pool, upstream), asked_reply(pool, upstream) as reply:
            with pytest.raises(EngineDied, match="a"):
                await reply.each(take)

    asyncio.run(ask())
