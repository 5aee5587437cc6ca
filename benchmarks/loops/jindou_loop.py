"""Jindou: a run from the question to its answer, with journal, events, ledger and audit."""

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from measured import ANSWER, ORDER, QUESTION, arguments, expect, measure, tell
from typing_extensions import override

from jindou.agents.runs import RunEvent, StartRun
from jindou.assembly import Platform, assemble
from jindou.home import Home
from jindou.identity.principals import Principal
from jindou.models.engines import Chunk, Engine, EngineHealth, EngineRequest, FinalChunk, TextChunk, Usage
from jindou.models.serving import HeldModels
from jindou.settings import load_settings

MODEL = "qwen2.5-coder-0.5b"
CALL = f'{{"name": "get_order", "arguments": {{"order_id": "{ORDER["order_id"]}"}}}}'


class Scripted(Engine):
    """An engine that asks for the order first, then answers."""

    @override
    def start(self) -> None:
        """It is there."""

    @override
    def stop(self) -> None:
        """It holds nothing."""

    @override
    def health(self) -> EngineHealth:
        """Return that it is ready."""
        return EngineHealth(state="ready", model=MODEL)

    @override
    def stream(self, request: EngineRequest) -> Generator[Chunk, None, None]:
        """Yield the text and what it cost."""
        found = any(message["role"] == "tool" for message in request.messages)
        yield TextChunk(ANSWER if found else CALL)
        yield FinalChunk("stop", Usage(prompt=400, cached=200, completion=20))


def main() -> None:
    """Run and measure."""
    asked = arguments()
    with _platform(Path(asked.folder), asked.url) as platform:
        who = _clerk(platform)
        if asked.at_once > 1:
            _many(platform, who, asked.runs, asked.at_once)
            return
        measure(lambda _n: _once(platform, who), asked.runs)


def _once(platform: Platform, who: Principal) -> None:
    with platform.database.writing(who.org_id) as work:
        run_id = platform.runs.start(work, who, StartRun(message=QUESTION)).id
    with platform.database.writing(None) as work:
        lease = platform.queue.claim(work, ("run",))
    if lease is not None:
        platform.runner.run(lease)
    with platform.database.reading(who.org_id) as work:
        expect(platform.runs.get(work, who, run_id).answer)


def _many(platform: Platform, who: Principal, runs: int, at_once: int) -> None:
    """Keep so many runs under way, with the workers that the platform has."""
    platform.runs.stream.listen()
    platform.signals.start()
    platform.worker.start()
    ended = threading.Semaphore(0)
    begun, cpu = time.monotonic(), time.process_time()
    for n in range(runs):
        if n >= at_once:
            ended.acquire()
        with platform.database.writing(who.org_id) as work:
            run = platform.runs.start(work, who, StartRun(message=QUESTION))

            def listen(told: object) -> None:
                if isinstance(told, RunEvent) and told.type == "run.finished":
                    ended.release()

            platform.runs.stream.subscribe(run.id, listen)
        platform.worker.wake()
    for _ in range(at_once):
        ended.acquire()
    tell(runs, time.monotonic() - begun, time.process_time() - cpu)
    platform.worker.stop(5)
    platform.signals.stop()


@contextmanager
def _platform(folder: Path, url: str) -> Generator[Platform]:
    home = Home(folder / "home")
    home.prepare()
    home.lock()
    settings = load_settings(home=folder / "home")
    settings = settings.model_copy(update={"database_url": url})
    platform = assemble(settings, home, HeldModels({MODEL: Scripted()}), MODEL)
    try:
        yield platform
    finally:
        platform.runner.stop()
        for pack in platform.packs.values():
            pack.close()
        platform.database.close()
        home.unlock()


def _clerk(platform: Platform) -> Principal:
    with platform.database.reading(None) as work:
        org_id = platform.principals.organisation(work)
        return platform.principals.principal(work, org_id, platform.principals.find(work, "clerk").id)


if __name__ == "__main__":
    main()
