"""Jindou: a run from the question to its answer, with journal, events, ledger and audit."""

import argparse
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from measured import ANSWER, ORDER, QUESTION, arguments, expect, measure, tell
from sqlalchemy import func, select
from typing_extensions import override

from jindou.agents.runs import StartRun
from jindou.agents.runs.tables import RunRow
from jindou.assembly import Platform, assemble
from jindou.home import Home
from jindou.identity.principals import Principal
from jindou.models.engines import Chunk, Engine, EngineHealth, EngineRequest, FinalChunk, TextChunk, Usage
from jindou.models.serving import HeldModels
from jindou.settings import load_settings

_LOOK_SECONDS = 0.02
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
    if asked.role == "worker":
        _work(asked)
        return
    with _platform(Path(asked.folder), asked.url, asked.threads if asked.processes == 1 else 0) as platform:
        who = _clerk(platform)
        if asked.at_once > 1:
            with _workers(asked, asked.processes if asked.processes > 1 else 0):
                _many(platform, who, asked.runs, asked.at_once)
            return
        measure(lambda _n: _once(platform, who), asked.runs)


def _work(asked: argparse.Namespace) -> None:
    """Move runs on, as `jindou worker` does, until there is nobody at the other end."""
    with _platform(Path(asked.folder), asked.url, asked.threads) as platform:
        platform.signals.start()
        platform.worker.start()
        print("ready", flush=True)
        sys.stdin.read()  # Whoever leaves the block closes it.
        platform.worker.stop(5)
        platform.signals.stop()
        tell(0, 0, time.process_time())


@contextmanager
def _workers(asked: argparse.Namespace, count: int) -> Generator[None]:
    """Have so many processes at work beside this one."""
    with ExitStack() as stack:
        for n in range(count):
            folder = Path(asked.folder) / f"worker-{n}"
            folder.mkdir()
            command = [sys.executable, __file__, "--role", "worker", "--runs", "0", "--folder", str(folder)]
            command += ["--url", asked.url, "--threads", str(asked.threads)]
            process = stack.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
            said = process.stdout
            if said is None or not said.readline():
                raise SystemExit("A worker did not start.")
        yield


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
    """Keep so many runs under way, and count those that are over."""
    platform.runs.stream.listen()
    platform.signals.start()
    platform.worker.start()
    begun, cpu = time.monotonic(), time.process_time()
    asked = over = 0
    while over < runs:
        for _ in range(min(runs - asked, at_once - (asked - over))):
            with platform.database.writing(who.org_id) as work:
                platform.runs.start(work, who, StartRun(message=QUESTION))
            asked += 1
        time.sleep(_LOOK_SECONDS)
        with platform.database.reading(None) as work:
            over = work.session.scalars(select(func.count()).where(RunRow.finished_at.is_not(None))).one()
    tell(runs, time.monotonic() - begun, time.process_time() - cpu)
    platform.worker.stop(5)
    platform.signals.stop()


@contextmanager
def _platform(folder: Path, url: str, threads: int) -> Generator[Platform]:
    home = Home(folder / "home")
    home.prepare()
    home.lock()
    settings = load_settings(home=folder / "home")
    settings = settings.model_copy(update={"database_url": url, "run_workers": threads})
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
