"""A running gateway with an engine that tests hold and kill, and OpenAI's own client before it."""

import json
import time
from collections.abc import Callable, Sequence

import openai
import pytest

from jindou.assembly import Platform
from jindou.billing.usage import Statement
from jindou.identity.keys import KeyAsk, NewKey
from support.paced import PacedEngine
from support.platform import as_person
from support.scripted import call

__all__ = ["ANSWER", "MODEL", "Gateway", "script"]

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

    def key(self, handle: str = "clerk", **asked: object) -> NewKey:
        who = as_person(self.platform, handle)
        with self.platform.database.writing(who.org_id) as work:
            return self.platform.keys.create(work, who, KeyAsk.model_validate({"name": "test"} | asked))

    def client(self, secret: str = "") -> openai.OpenAI:
        client = openai.OpenAI(base_url=self.url, api_key=secret or self.key().secret, max_retries=0, timeout=30)
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
        for _ in range(600):
            seen = self.statement()
            if is_so(seen):
                return seen
            time.sleep(0.05)
        pytest.fail(f"It never came to that: {self.statement()}")

    def ledger(self) -> tuple[int, int]:
        """Return the tokens of prompts and answers in the ledger."""
        lines = [line.quantities for line in self.statement().by_sku]
        return sum(q.input_tokens + q.cached_tokens for q in lines), sum(q.output_tokens for q in lines)
