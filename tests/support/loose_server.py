"""A server on loopback that says what a test has it say, and the client before it."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

from jindou.models.upstreams import Reply, Upstream, Upstreams

__all__ = ["CHUNKED", "OK", "Handler", "asked", "asked_reply", "request_of", "serving"]

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@asynccontextmanager
async def serving(handler: Handler) -> AsyncGenerator[tuple[Upstreams, Upstream]]:
    server = await asyncio.start_server(handler, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    pool = Upstreams()
    try:
        yield pool, Upstream("http", "127.0.0.1", port, "/v1", key="secret")
    finally:
        pool.close()
        server.close()
        # The handlers hear of it.
        await asyncio.sleep(0.05)


async def request_of(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    return head + await reader.readexactly(2)


@asynccontextmanager
async def asked_reply(pool: Upstreams, upstream: Upstream, *, stream: bool = False) -> AsyncGenerator[Reply]:
    reply = await pool.post(upstream, "/chat/completions", b"{}", stream=stream)
    try:
        await reply.answered()
        yield reply
    finally:
        reply.close()


async def asked(pool: Upstreams, upstream: Upstream, *, stream: bool = False) -> tuple[int, bytes]:
    async with asked_reply(pool, upstream, stream=stream) as reply:
        return reply.status, await reply.read()
