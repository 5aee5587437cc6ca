"""What the gateway's metering is worth: killed, raced and left in the middle, against an engine that counts, too.

``python benchmarks/metering.py --json`` ends with one line of JSON:

- ``lost``: answers a client had that are not in the ledger with exactly their tokens, over random SIGKILLs under load;
- ``double``: answers of the engine that are in the ledger more than once, or that it never gave;
- ``overshoot``: calls of 64 clients, at two workers, beyond the 10 that a budget had room for;
- ``disconnect_error``: tokens in the ledger less the tokens of the engine, after clients left in the middle;
- ``ledger_us``: processor time of one call's open and settle, 16 at once, on SQLite.
"""

import argparse
import asyncio
import json
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
from proxies.counting import PROMPT_TOKENS, Counting, counting
from proxies.homes import MODEL, limit, prepare
from proxies.load import free_port

from jindou.billing.pricing import PriceBook
from jindou.billing.usage import Attempts, Ledger, Opening, Quantities
from jindou.db import Database
from jindou.durable.queue import Queue

OK = 200
FOLDER = Path(__file__).parent
CLIENTS = 8
RACING = 64
LAST = 10
AT_ONCE = 16
SETTLE_SECONDS = 60.0


class Home:
    """A home with a gateway's database in it."""

    def __init__(self, folder: Path, engine: Counting) -> None:
        self.path = folder
        self.key = prepare(folder, engine.port)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return what the database has."""
        with closing(sqlite3.connect(self.path / "jindou.db", timeout=30)) as database:
            return database.execute(query).fetchall()

    def number(self, query: str) -> int:
        """Return the one number that a query gives; nothing is 0."""
        return int(self.rows(query)[0][0] or 0)

    def recover(self) -> int:
        """Call unknown what dead workers left open, as `jindou up` does, and return how many calls that was."""
        database = Database(f"sqlite:///{self.path / 'jindou.db'}")
        try:
            with database.writing(None) as work:
                return Ledger(database, Attempts(PriceBook.load("CNY")), Queue(30)).recover(work)
        finally:
            database.close()

    def settled(self) -> None:
        """Wait until nothing is under way."""
        until = time.monotonic() + SETTLE_SECONDS
        while self.number("SELECT count(*) FROM meter_attempt WHERE status = 'open'"):
            if time.monotonic() > until:
                sys.exit("Calls are still open a minute after their clients left.")
            time.sleep(0.05)


def main() -> None:
    """Measure, and end with the figures."""
    asked = _arguments()
    figures: dict[str, dict[str, object]] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        engine = stack.enter_context(counting())
        figures |= _kills(Home(folder / "kills", engine), engine, asked.kills, random.Random(asked.seed))  # noqa: S311
        figures |= _race(Home(folder / "race", engine), engine)
        figures |= _leave(Home(folder / "leave", engine), engine, asked.disconnects)
        figures |= _cost(Home(folder / "cost", engine), asked.calls)
    if asked.json:
        print(json.dumps(figures))
        return
    for name, figure in figures.items():
        print(f"{name}: {figure['value']} {figure['unit']} ({figure['reach']}; against {figure['against']})")


def _kills(home: Home, engine: Counting, kills: int, dice: random.Random) -> dict[str, dict[str, object]]:
    """Kill a worker under load, over and over, and compare what clients had, what the engine told, and the ledger."""
    had: list[int] = []
    for at in range(kills):
        port = free_port()
        with _gateway(home, port) as process, ThreadPoolExecutor(CLIENTS) as pool:
            seen, over = len(had), threading.Event()
            clients = [pool.submit(_ask_on, home, port, had, over, stream=n % 2 == 0) for n in range(CLIENTS)]
            while len(had) == seen and process.poll() is None:
                time.sleep(0.005)
            time.sleep(dice.uniform(0.0, 0.4))
            process.send_signal(signal.SIGKILL)
            process.wait()
            over.set()
            for client in clients:
                client.result()
        home.recover()
        _say(f"kill {at + 1}: {len(had)} answers")
    ledger = Counter(row[0] for row in home.rows("SELECT output_tokens FROM meter_event"))
    told = set(engine.told)
    lost = sum(ledger[number] == 0 for number in had)
    double = sum(count - 1 for count in ledger.values()) + sum(number not in told for number in ledger)
    left = home.number("SELECT count(*) FROM meter_attempt WHERE status = 'unknown'")
    open_ = home.number("SELECT count(*) FROM meter_attempt WHERE status = 'open'")
    held = "SELECT sum(worst_micro) FROM meter_attempt WHERE status IN ('open', 'unknown')"
    wrong = home.number(held) - home.number(
        "SELECT max(held_micro) FROM budget_month JOIN budget ON id = budget_id AND scope = 'organisation'"
    )
    against = f"{kills} SIGKILLs of a worker with {CLIENTS} clients: {len(had)} answers, {left} calls unknown and held"
    return {
        "lost": _figure(lost, "answers", "0", against),
        "double": _figure(double, "answers", "0", against),
        "left_open": _figure(open_, "calls", "0", "calls of dead workers that are not called unknown"),
        "held_error": _figure(wrong, "micro-units", "0", "what budgets hold less what unknown calls may cost"),
    }


def _race(home: Home, engine: Counting) -> dict[str, dict[str, object]]:
    """Let many clients at two workers race for the last calls of a budget, while no call ends and makes room."""
    ports = [free_port(), free_port()]
    with ExitStack() as stack:
        for port in ports:
            stack.enter_context(_gateway(home, port))
        _answer(home, ports[0])
        most = home.number("SELECT worst_micro FROM meter_attempt")
        limit(home.path, home.number("SELECT sum(cost_micro) FROM meter_event") + LAST * most + most // 2)
        before = engine.asked
        engine.hold()
        with ThreadPoolExecutor(RACING) as pool:
            racing = [pool.submit(_status, home, ports[at % len(ports)]) for at in range(RACING)]
            until = time.monotonic() + SETTLE_SECONDS
            while sum(client.done() for client in racing) < RACING - LAST and time.monotonic() < until:
                time.sleep(0.01)
            calls = engine.asked - before
            engine.go()
            statuses = Counter(client.result() for client in racing)
        home.settled()
    overshoot = max(0, calls - LAST, statuses[OK] - LAST)
    against = f"{RACING} clients at {len(ports)} workers for the last {LAST} calls: {dict(statuses)}"
    return {"overshoot": _figure(overshoot, "calls", "0", against)}


def _leave(home: Home, engine: Counting, times: int) -> dict[str, dict[str, object]]:
    """Have clients leave in the middle of a stream, and compare the ledger with the engine."""
    port = free_port()
    before = len(engine.told)
    with _gateway(home, port), ThreadPoolExecutor(CLIENTS) as pool:
        dice = random.Random(times)  # noqa: S311 - a walk that can be walked again
        leaving = [pool.submit(_leave_early, home, port, dice.randint(1, 12)) for _ in range(times)]
        for client in leaving:
            client.result()
        home.settled()
    told = engine.told[before:]
    ledger = home.number("SELECT sum(input_tokens + cached_tokens + output_tokens) FROM meter_event")
    error = ledger - sum(PROMPT_TOKENS + number for number in told)
    unknown = home.number("SELECT count(*) FROM meter_attempt WHERE status = 'unknown'")
    against = f"{times} clients that left in the middle; the engine ended {len(told)} answers, {unknown} are unknown"
    return {"disconnect_error": _figure(error, "tokens", "0", against)}


def _cost(home: Home, calls: int) -> dict[str, dict[str, object]]:
    """Open and settle calls in this process, with budgets, 16 at once."""
    ((org_id, person_id),) = home.rows("SELECT org_id, id FROM person")
    opening = Opening(
        org_id=org_id,
        person_id=person_id,
        key_id="key_benchmark",
        skus=("model:qwen2.5-coder-0.5b",),
        worst=Quantities(input_tokens=1000, output_tokens=500),
    )
    database = Database(f"sqlite:///{home.path / 'jindou.db'}")
    ledger = Ledger(database, Attempts(PriceBook.load("CNY")), Queue(30))
    ledger.start()
    each = calls // AT_ONCE
    asyncio.run(_pay(ledger, opening, 10))
    begun, cpu = time.monotonic(), time.process_time()
    asyncio.run(_pay(ledger, opening, each))
    took, cpu = time.monotonic() - begun, time.process_time() - cpu
    ledger.stop()
    database.close()
    count = each * AT_ONCE
    against = f"{AT_ONCE} tasks of one loop, two budgets, every batch on disk: {count / took:.0f} calls/s"
    return {"ledger_us": _figure(round(cpu / count * 1e6, 1), "µs CPU a call", "<= 100", against)}


async def _pay(ledger: Ledger, opening: Opening, count: int) -> None:
    async def client() -> None:
        for _ in range(count):
            attempt = (await ledger.open(opening)).attempt_id
            await ledger.settle(attempt, Quantities(input_tokens=700, output_tokens=60))

    await asyncio.gather(*(client() for _ in range(AT_ONCE)))


def _figure(value: float, unit: str, reach: str, against: str) -> dict[str, object]:
    return {"value": value, "unit": unit, "reach": reach, "against": against}


def _ask_on(home: Home, port: int, had: list[int], over: threading.Event, *, stream: bool) -> None:
    """Ask until the worker is dead, and note the tokens of every answer that came whole."""
    with httpx.Client(timeout=30, trust_env=False) as client:
        while not over.is_set():
            try:
                if stream:
                    used = [line for line in _lines(client, home, port) if '"usage":{' in line or '"usage": {' in line]
                    had += [json.loads(line)["usage"]["completion_tokens"] for line in used[-1:]]
                else:
                    answer = client.post(_url(port), json=_body(stream=False), headers=_headers(home))
                    if answer.status_code == OK:
                        had.append(answer.json()["usage"]["completion_tokens"])
            except httpx.TransportError:
                time.sleep(0.02)


def _lines(client: httpx.Client, home: Home, port: int) -> list[str]:
    """Return the data of a stream that ended as it should."""
    with client.stream("POST", _url(port), json=_body(stream=True), headers=_headers(home)) as answer:
        lines = [line.removeprefix("data: ") for line in answer.iter_lines() if line.startswith("data: ")]
    return lines[:-1] if lines[-1:] == ["[DONE]"] else []


def _leave_early(home: Home, port: int, pieces: int) -> None:
    with (
        httpx.Client(timeout=30, trust_env=False) as client,
        client.stream("POST", _url(port), json=_body(stream=True), headers=_headers(home)) as answer,
    ):
        lines: Iterator[str] = answer.iter_lines()
        for _ in range(pieces):
            next(lines)


def _status(home: Home, port: int) -> int:
    return httpx.post(
        _url(port), json=_body(stream=False), headers=_headers(home), timeout=60, trust_env=False
    ).status_code


def _answer(home: Home, port: int) -> None:
    status = _status(home, port)
    if status != OK:
        sys.exit(f"The gateway answers with {status}.")


def _url(port: int) -> str:
    return f"http://127.0.0.1:{port}/v1/chat/completions"


def _headers(home: Home) -> dict[str, str]:
    return {"Authorization": f"Bearer {home.key}"}


def _body(*, stream: bool) -> dict[str, object]:
    asked: dict[str, object] = {"model": MODEL, "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 5000}
    return asked | ({"stream": True, "stream_options": {"include_usage": True}} if stream else {})


@contextmanager
def _gateway(home: Home, port: int) -> Generator["subprocess.Popen[bytes]"]:
    """Run a worker until the end of the block; go on once it answers."""
    command = [sys.executable, "-m", "jindou", "gateway", "--home", str(home.path), "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=FOLDER)
    try:
        until = time.monotonic() + SETTLE_SECONDS
        while time.monotonic() < until:
            if process.poll() is not None:
                sys.exit(f"The gateway ended with {process.returncode}.")
            try:
                httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=1, trust_env=False)
                break
            except httpx.TransportError:
                time.sleep(0.02)
        yield process
    finally:
        process.terminate()
        process.wait(timeout=40)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--disconnects", type=int, default=100)
    parser.add_argument("--calls", type=int, default=3200, help="calls to measure the cost of")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
