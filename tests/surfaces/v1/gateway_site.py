"""A running gateway with an engine that tests hold and kill, and OpenAI's own client before it."""

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager

import openai
from sqlalchemy import select

from jindou.assembly import Platform
from jindou.billing.usage import Statement
from jindou.identity.keys import KeyAsk, NewKey
from jindou.identity.keys.tables import KeyRow
from jindou.surfaces.http.v1.alone import Alone
from jindou.surfaces.http.v1.large import limits_of
from jindou.surfaces.http.wire import Server
from support.paced import PacedEngine
from support.platform import as_person
from support.scripted import call
from support.waiting import wait_for

__all__ = ["ANSWER", "MODEL", "Gateway", "script", "worker_before"]

MODEL = "qwen2.5-coder-0.5b"
ANSWER = "Good morning. The lamp is on its way, it will be there at noon. Goodbye."


def script(messages: Sequence[dict[str, object]]) -> str:
    """Answer, or call what the last message is about."""
    asked = str(messages[-1]["content"])
    if "Sunny" in asked:
        return ANSWER
    if "count" in asked:
        return '{"n": 3}'
    if "both" in asked:
        return json.dumps([json.loads(c.strip("`json\n")) for c in (weather("Paris"), weather("Rome"))])
    if "weather" in asked:
        return weather("Paris")
    return ANSWER


def weather(city: str) -> str:
    return call("get_weather", city=city)


class Gateway:
    """A running gateway, its engine, and whoever asks it."""

    def __init__(self, platform: Platform, engine: PacedEngine) -> None:
        self.platform = platform
        self.engine = engine
        self.url = f"{platform.settings.url}/v1"
        self._clients: list[openai.OpenAI] = []

    def key(self, handle: str = "clerk", *, gone: str = "", **asked: object) -> NewKey:
        """Make a key; one for a model that is `gone` is for nothing else."""
        who = as_person(self.platform, handle)
        with self.platform.database.writing(who.org_id) as work:
            made = self.platform.keys.create(work, who, KeyAsk.model_validate({"name": "test"} | asked))
            if gone:
                work.session.scalars(select(KeyRow).where(KeyRow.id == made.id)).one().models = [gone]
        return made

    def client(self, secret: str = "") -> openai.OpenAI:
        client = openai.OpenAI(base_url=self.url, api_key=secret or self.key().secret, max_retries=0, timeout=60)
        self._clients.append(client)
        return client

    def close(self) -> None:
        self.engine.go.set()
        for client in self._clients:
            client.close()

    def statement(self) -> Statement:
        manager = as_person(self.platform, "manager")
        with self.platform.database.reading(manager.org_id) as work:
            return self.platform.usage.statement(work, manager)

    def settled(self, is_so: Callable[[Statement], bool] = lambda seen: not seen.unsettled) -> Statement:
        """Return the bill once it is so; the test fails if it never gets there."""

        def look() -> Statement | None:
            seen = self.statement()
            return seen if is_so(seen) else None

        return wait_for(look)

    def leave_in_the_middle(self, body: Mapping[str, object], port: int = 0) -> None:
        """Ask, and close the connection at the first bytes of a stream, or once a whole answer is being made.

        `port` is where another server than its own is before the same rooms.
        """
        port = port or self.platform.settings.port
        content = json.dumps(body).encode()
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: {len(content)}\r\n"
        head += f"Content-Type: application/json\r\nAuthorization: Bearer {self.key().secret}\r\n\r\n"
        with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
            client.sendall(head.encode() + content)
            if body.get("stream"):
                assert client.recv(100).startswith(b"HTTP/1.1 200")
            else:
                self.settled(lambda seen: len(seen.unsettled) == 1)

    def ledger(self) -> tuple[int, int]:
        """Return the tokens of prompts and answers in the ledger."""
        lines = [line.quantities for line in self.statement().by_sku]
        return sum(q.input_tokens + q.cached_tokens for q in lines), sum(q.output_tokens for q in lines)


@contextmanager
def worker_before(gateway: Gateway) -> Generator[int]:
    """Have a worker's server before the rooms of a running gateway, and return its port."""
    up = threading.Event()
    made: list[tuple[Server, asyncio.AbstractEventLoop]] = []

    async def serve(listener: socket.socket) -> None:
        alone = Alone(gateway.platform.gateway, listener.getsockname()[1])
        server = Server(alone, limits_of(gateway.platform.settings))
        made.append((server, asyncio.get_running_loop()))
        await server.serve(listener, up.set)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=lambda: asyncio.run(serve(listener)), name="worker")
        thread.start()
        assert up.wait(60)
        yield listener.getsockname()[1]
        server, loop = made[0]
        gateway.engine.go.set()
        loop.call_soon_threadsafe(server.stop)
        thread.join(timeout=60)
