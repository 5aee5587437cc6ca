"""What ten thousand runs that wait for approvals cost a start-up, against none.

``python benchmarks/waiting.py --json [--runs 10000]`` ends with one line of JSON:

- ``start_s``: seconds more from a process that has everything imported until its workers take runs;
- ``memory_mb``: memory more that it has then.

The runs are copies of one that a scripted model left: rows on SQLite. Both starts are in processes of their own, three
each, of which the medians count.
"""

import argparse
import importlib
import json
import re
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Any

import psutil

ROUNDS = 3
TABLES = ("conversation", "run", "run_step", "run_event", "approval", "task", "meter_event", "meter_attempt")
MODEL = "qwen2.5-coder-0.5b"
_ID = re.compile(r"((?!org_|prs_)[a-z]{3}_[0-9a-z]{16})[0-9a-z]{6}([0-9a-z]{4})")
"""An id that is not an organisation's or a person's, but for the digits that are changed."""


def main() -> None:
    """Start, or measure and end with the figures."""
    asked = _arguments()
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    if asked.start:
        _start(Path(asked.start))
        return
    with tempfile.TemporaryDirectory() as folder:
        none, many = Path(folder) / "none", Path(folder) / "many"
        _wait(none)
        _wait(many)
        _copy(many / "jindou.db", asked.runs)
        measured = [(_measure(none), _measure(many)) for _ in range(ROUNDS)]
    seconds, memory = ([median(pair[which][at] for pair in measured) for which in (0, 1)] for at in (0, 1))
    against = f"{asked.runs} waiting runs against one, SQLite; "
    figures = {
        "start_s": _figure(seconds, "s", "<= 2", against + f"{seconds[0]:.2f} s with one"),
        "memory_mb": _figure(memory, "MB", "<= 50", against + f"{memory[0]:.0f} MB with one"),
    }
    if asked.json:
        print(json.dumps(figures))
        return
    for name, figure in figures.items():
        print(f"{name}: {figure['value']} {figure['unit']} ({figure['reach']}; against {figure['against']})")


def _wait(home: Path) -> None:
    """Leave one run in a home that waits for an approval."""
    desks: Any = importlib.import_module("support.desk")
    scripted: Any = importlib.import_module("support.scripted")
    home.mkdir()
    refund = scripted.call("refund_order", order_id=desks.ORDER, amount=120, reason="broken lamp")
    with desks.open_desk(home, refund) as desk:
        desk.ask(f"Refund 120 on {desks.ORDER}, broken lamp")


def _copy(path: Path, runs: int) -> None:
    """Write every row of the one run so often, with ids of its own."""
    with closing(sqlite3.connect(path)) as database:
        tables = {table: database.execute(f"SELECT * FROM {table}").fetchall() for table in TABLES}  # noqa: S608 - ours
        for n in range(1, runs):
            for table, rows in tables.items():
                marks = ", ".join("?" for _ in rows[0]) if rows else ""
                for row in rows:
                    database.execute(f"INSERT INTO {table} VALUES ({marks})", [_other(value, n) for value in row])  # noqa: S608 - ours
        database.commit()


def _other(value: object, n: int) -> object:
    return _ID.sub(rf"\g<1>{n:06d}\g<2>", value) if isinstance(value, str) else value


def _measure(home: Path) -> tuple[float, float]:
    command = [sys.executable, __file__, "--start", str(home)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds, memory = json.loads(done.stdout.splitlines()[-1])
    return seconds, memory


def _start(folder: Path) -> None:
    """Start a platform on a home, and say how long that took and what memory it has."""
    assembly: Any = importlib.import_module("jindou.assembly")
    homes: Any = importlib.import_module("jindou.home")
    serving: Any = importlib.import_module("jindou.models.serving")
    settings: Any = importlib.import_module("jindou.settings")
    scripted: Any = importlib.import_module("support.scripted")
    home = homes.Home(folder)
    began = time.perf_counter()
    home.prepare()
    home.lock()
    held = serving.HeldModels({MODEL: scripted.ScriptedEngine(_answer)})
    platform = assembly.assemble(settings.load_settings(home=folder, offline=True), home, held, MODEL)
    platform.start()
    while not any(thread.name == "worker-look" for thread in threading.enumerate()):
        time.sleep(0.005)
    took = time.perf_counter() - began
    # One look of the worker, and of those who tend the queue.
    time.sleep(2.0)
    print(json.dumps([took, psutil.Process().memory_info().rss / 1e6]))
    platform.stop()


def _answer(_messages: object) -> str:
    return "Nobody asks here."


def _figure(pair: list[float], unit: str, reach: str, against: str) -> dict[str, object]:
    return {"value": round(pair[1] - pair[0], 2), "unit": unit, "reach": reach, "against": against}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--start", default="", help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="end with the figures as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
