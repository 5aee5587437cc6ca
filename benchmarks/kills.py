"""Workers and the engine killed at random instants, while companies have refunds made: what is lost, doubled or stuck.

``python benchmarks/kills.py --json [--kills 1000] [--database sqlite] [--kept FILE]`` ends with one line of JSON:

- ``lost``: runs that ended without the effect they were asked for;
- ``doubled``: effects beyond the one of each run;
- ``stuck``: runs that did not end by themselves;
- ``recovery_s``: the longest time from a kill until a run that it hit was taken up again, or over.

Each kill is a SIGKILL of a worker, of the engine, or of both, some time after what the last one hit has gone on. On
PostgreSQL two workers are at work, so that a run goes over to the other one; on SQLite the one process is started again
at once, as a service manager does. After each kill new runs are asked for, which a run that was hit must not wait for.

The kills are made 25 at a time, each 25 in a home of its own, and ``--homes`` of them at the same time, since most of
the time is waited for leases. With ``--kept`` what 25 came to is written to a file, so that a measurement that was
broken off goes on behind them.
"""

import argparse
import importlib
import json
import multiprocessing
import random
import sys
import tempfile
import time
from collections.abc import Generator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import BaseModel

TENANTS = 5
OPEN_RUNS = 12
IN_ONE_HOME = 25
LONGEST_LIFE = 1.0
LOOK_SECONDS = 0.02
GIVE_UP_SECONDS = 60.0
WORKERS = {"sqlite": 1, "postgresql": 2}


class Killing:
    """Kills, watches what was hit until it goes on, and keeps the queue filled."""

    def __init__(self, fleet: Any, workers: int, dice: random.Random) -> None:
        self._fleet = fleet
        self._workers = workers
        self._dice = dice
        self._orders: list[str] = fleet.orders()
        self._hit: dict[str, tuple[str, int, float]] = {}
        self.recoveries: list[float] = []

    def go(self, kills: int) -> None:
        """Kill so often, then let everything end."""
        for _ in range(kills):
            self._watch(self._dice.uniform(0.0, LONGEST_LIFE))
            self._kill()
        self._stand_up()
        left, moved_at = self._fleet.open(), time.monotonic()
        while left and time.monotonic() < moved_at + GIVE_UP_SECONDS:
            time.sleep(LOOK_SECONDS)
            before, left = left, self._fleet.open()
            moved_at = moved_at if left == before else time.monotonic()
            self._note(left, self._fleet.held())

    def _fill(self) -> None:
        self._stand_up()
        for _ in range(OPEN_RUNS - len(self._fleet.open())):
            count = len(self._fleet.asked)
            self._fleet.ask(self._fleet.people[count % TENANTS], self._orders[count % len(self._orders)])

    def _stand_up(self) -> None:
        while len(self._fleet.workers) < self._workers:
            self._fleet.start_worker()

    def _watch(self, seconds: float) -> None:
        """Wait until some worker is at work and what was hit has gone on, and then so much longer."""
        give_up = time.monotonic() + GIVE_UP_SECONDS
        self._fill()
        while (self._hit or not self._fleet.held()) and time.monotonic() < give_up:
            if not self._hit:
                self._fill()
            self._note(self._fleet.open(), self._fleet.held())
            time.sleep(LOOK_SECONDS)
        time.sleep(seconds)

    def _note(self, left: dict[str, int], held: dict[str, str]) -> None:
        """Note which runs that were hit have been taken up again, or are over."""
        now = time.monotonic()
        for run_id, (lease, seen, hit_at) in list(self._hit.items()):
            if left.get(run_id, seen + 1) > seen or held.get(run_id, lease) != lease:
                self.recoveries.append(now - hit_at)
                del self._hit[run_id]

    def _kill(self) -> None:
        what = self._dice.choice(("worker", "engine", "both"))
        left, held = self._fleet.open(), self._fleet.held()
        self._note(left, held)
        hit_at = time.monotonic()
        if what != "engine":
            self._fleet.kill(self._dice.choice(self._fleet.workers))
        if what != "worker":
            self._fleet.kill(self._fleet.engine)
            self._fleet.start_engine()
        for run_id in held.keys() & left.keys():
            self._hit.setdefault(run_id, (held[run_id], left[run_id], hit_at))


class Slice(BaseModel):
    """What some kills came to."""

    database: str
    seed: int
    kills: int
    runs: int
    lost: int
    doubled: int
    stuck: int
    recoveries: list[float]


def main() -> None:
    """Measure, and end with the figures."""
    asked = _arguments()
    kept: Path | None = asked.kept
    lines = kept.read_text(encoding="utf-8").splitlines() if kept is not None and kept.exists() else []
    done = [one for one in map(Slice.model_validate_json, lines) if one.database == asked.database]
    left = asked.kills - sum(one.kills for one in done)
    parts = [min(IN_ONE_HOME, left - begun) for begun in range(0, left, IN_ONE_HOME)]
    seeds = range(asked.seed + len(done), asked.seed + len(done) + len(parts))
    with ProcessPoolExecutor(asked.homes, mp_context=multiprocessing.get_context("spawn")) as homes:
        for one in homes.map(partial(_measure, asked.database), seeds, parts):
            done.append(one)
            _say(f"{one.kills} kills, {one.runs} runs, slowest {max(one.recoveries, default=0.0)} s")
            if kept is not None:
                with kept.open("a", encoding="utf-8") as file:
                    file.write(f"{one.model_dump_json()}\n")
    figures = _figures(done)
    if asked.json:
        print(json.dumps(figures))
        return
    for name, figure in figures.items():
        print(f"{name}: {figure['value']} {figure['unit']} ({figure['reach']}; against {figure['against']})")


def _measure(database: str, seed: int, kills: int) -> Slice:
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    support: Any = importlib.import_module("support.fleet")
    with (
        tempfile.TemporaryDirectory() as folder,
        _database(database) as url,
        support.open_fleet(Path(folder) / "home", url) as fleet,
    ):
        fleet.found(TENANTS)
        killing = Killing(fleet, WORKERS[database], random.Random(seed))  # noqa: S311 - dice, no secret
        killing.go(kills)
        runs, effects = fleet.runs(), fleet.effects()
        for told in fleet.unfinished():
            _say(f"not done: {told}")
    over = {run_id for run_id, run in runs.items() if run.finished_at is not None}
    return Slice(
        database=database,
        seed=seed,
        kills=kills,
        runs=len(runs),
        lost=sum(not effects[run_id] for run_id in over),
        doubled=sum(max(0, made - 1) for made in effects.values()),
        stuck=len(runs) - len(over),
        recoveries=[round(seconds, 2) for seconds in killing.recoveries],
    )


def _figures(done: list[Slice]) -> dict[str, dict[str, object]]:
    recoveries = sorted(seconds for one in done for seconds in one.recoveries)
    kills, runs = sum(one.kills for one in done), sum(one.runs for one in done)
    against = f"{kills} SIGKILLs of a worker, the engine or both on {done[0].database}: {runs} runs of 5 tenants"
    hit = f"slowest of {len(recoveries)} times that a run was hit; median {_median(recoveries)} s"
    return {
        "lost": _figure(sum(one.lost for one in done), "effects", "0", against),
        "doubled": _figure(sum(one.doubled for one in done), "effects", "0", against),
        "stuck": _figure(sum(one.stuck for one in done), "runs", "0", against),
        "recovery_s": _figure(max(recoveries, default=0.0), "s", "< 10", hit),
    }


def _median(ordered: list[float]) -> float:
    return ordered[len(ordered) // 2] if ordered else 0.0


def _figure(value: float, unit: str, reach: str, against: str) -> dict[str, object]:
    return {"value": value, "unit": unit, "reach": reach, "against": against}


@contextmanager
def _database(kind: str) -> Generator[str]:
    if kind == "sqlite":
        yield ""
        return
    servers: Any = importlib.import_module("support.servers")
    with servers.open_server() as server:
        yield server.create()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--database", choices=sorted(WORKERS), default="sqlite")
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--homes", type=int, default=4, help="Homes at the same time.")
    parser.add_argument("--kept", type=Path, help="A file with what has been measured so far.")
    parser.add_argument("--json", action="store_true", help="end with the figures as JSON")
    return parser.parse_args()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
