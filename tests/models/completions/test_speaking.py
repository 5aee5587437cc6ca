"""The harness for one request, in a thread."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from jindou.models.completions import ChatRequest
from jindou.models.completions.plan import plan_of
from jindou.models.completions.presence import Presence
from jindou.models.completions.speaking import speak
from support.scripted import ScriptedEngine


def test_work_that_no_thread_comes_to_since_the_server_stops_ends_all_the_same() -> None:
    request = ChatRequest.of({"model": "m", "messages": [{"role": "user", "content": "Hello"}]})
    engine = ScriptedEngine(lambda _: "Hello.")
    held = threading.Event()

    async def ask() -> None:
        pool = ThreadPoolExecutor(1)
        pool.submit(held.wait)
        speaking = asyncio.create_task(
            speak(
                pool,
                engine,
                lambda: plan_of(request, 8192),
                "x",
                lambda _: None,
                presence=Presence(),
                must_end=lambda: False,
                drain_seconds=1.0,
            )
        )
        await asyncio.sleep(0.05)
        pool.shutdown(wait=False, cancel_futures=True)
        held.set()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(speaking, 30)

    asyncio.run(ask())
    assert engine.requests == []
