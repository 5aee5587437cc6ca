"""What it costs to keep every step of a run, beside LangGraph's checkpoints and DBOS's steps, in one run.

``python benchmarks/journal.py --json`` ends with one line of JSON. All of them make the same three calls (the model
asks for an order, a tool finds it, the model answers) with a model that answers at once. What counts is processor time:

- `cpu_ms_per_step`: what a run of ours takes more than the bare loop of Pydantic AI, by its three steps. That is the
  journal, the events, the ledger, policy and audit, on SQLite.
- `vs_langgraph`, `vs_dbos`: the same against what a SqliteSaver adds to LangGraph, and what steps add in DBOS.
- `runs_vs_langgraph_pg`: runs a second at 64 at once on PostgreSQL, against LangGraph with its PostgresSaver. Both are
  measured in one process and in two (ours: a front and two workers), and the better rate of each counts; `_alone` is
  the same with one process each.

The peers are installed into a cache of their own by uv; PostgreSQL's programs have to be there (``--without-postgres``
leaves it out).
"""

import argparse
import importlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

ROUNDS = 3
STEPS = 3
AT_ONCE = 64
PROCESSES = (1, 2)
FOLDER = Path(__file__).parent / "loops"
CACHE = Path.home() / ".cache" / "jindou" / "benchmarks"
PEERS = (
    "pydantic-ai-slim==2.68.0",
    "langgraph==1.2.24",
    "langgraph-checkpoint-sqlite==3.1.2",
    "langgraph-checkpoint-postgres==3.2.0",
    "psycopg[binary]==3.3.9",
    "psycopg-pool==3.3.3",
    "dbos==3.4.0",
)


def main() -> None:
    """Measure, and end with the figures."""
    asked = _arguments()
    peers = _peers()
    figures = _steps(peers, asked.runs)
    if not asked.without_postgres:
        figures |= _rates(peers, asked.runs)
    if asked.json:
        print(json.dumps(figures))
        return
    for name, figure in figures.items():
        print(f"{name}: {figure['value']} {figure['unit']} ({figure['reach']}; against {figure['against']})")


def _steps(peers: str, runs: int) -> dict[str, dict[str, object]]:
    """Measure one after the other, several times over, and compare the medians of what each adds."""
    bare = ("pydantic_ai", "langgraph", "dbos")
    ways = [(name, peers, ()) for name in bare]
    ways += [("langgraph kept", peers, ("--kept",)), ("dbos kept", peers, ("--kept",)), ("jindou", sys.executable, ())]
    took: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        for way, python, further in ways:
            measured = _run(way.split()[0], python, runs, further)
            took.setdefault(way, []).append(measured["cpu_s"] / measured["runs"] * 1000)
    ms = {way: median(of) for way, of in took.items()}
    ours = (ms["jindou"] - ms["pydantic_ai"]) / STEPS
    langgraph = (ms["langgraph kept"] - ms["langgraph"]) / STEPS
    dbos = (ms["dbos kept"] - ms["dbos"]) / STEPS
    return {
        "cpu_ms_per_step": _figure(ours, "ms", "<= 2", "the bare loop of Pydantic AI"),
        "vs_langgraph": _figure(ours / langgraph, "times", "<= 1.3", f"SqliteSaver, {langgraph:.2f} ms a step"),
        "vs_dbos": _figure(ours / dbos, "times", "<= 0.5", f"DBOS steps on SQLite, {dbos:.2f} ms a step"),
    }


def _rates(peers: str, runs: int) -> dict[str, dict[str, object]]:
    rates: dict[tuple[str, int], list[float]] = {}
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    servers: Any = importlib.import_module("support.servers")
    with servers.open_server(durable=True) as server:
        for _ in range(ROUNDS):
            for processes in PROCESSES:
                further = ("--url", server.create("template0"), "--at-once", str(AT_ONCE))
                ours = _run("jindou", sys.executable, runs, (*further, "--processes", str(processes)))
                rates.setdefault(("jindou", processes), []).append(ours["runs"] / ours["seconds"])
                rate = _langgraph(peers, server.create("template0"), runs, processes)
                rates.setdefault(("langgraph", processes), []).append(rate)
    rate = {of: median(values) for of, values in rates.items()}
    best = {name: max(rate[name, processes] for processes in PROCESSES) for name in ("jindou", "langgraph")}
    told = f"LangGraph with PostgresSaver, {{:.1f}} runs/s, {AT_ONCE} at once"
    alone = rate["jindou", 1] / rate["langgraph", 1]
    return {
        "runs_pg": _figure(best["jindou"], "runs/s", "report", f"{AT_ONCE} at once on PostgreSQL"),
        "runs_vs_langgraph_pg": _figure(
            best["jindou"] / best["langgraph"], "times", ">= 2", told.format(best["langgraph"])
        ),
        "runs_vs_langgraph_pg_alone": _figure(alone, "times", "report", told.format(rate["langgraph", 1])),
    }


def _langgraph(peers: str, url: str, runs: int, processes: int) -> float:
    """Return how many runs a second so many processes come to together."""
    # Theirs speaks to the driver itself.
    further = ("--url", url.replace("+psycopg", ""), "--at-once", str(AT_ONCE // processes))
    if processes > 1:
        # Two that make its tables at the same time lock each other out.
        _run("langgraph", peers, 1, further)
    with ThreadPoolExecutor(processes) as pool:
        each = [pool.submit(_run, "langgraph", peers, runs // processes, further) for _ in range(processes)]
        measured = [one.result() for one in each]
    return sum(one["runs"] / one["seconds"] for one in measured)


def _run(name: str, python: str, runs: int, further: Sequence[str]) -> dict[str, float]:
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        command = [python, f"{name}_loop.py", "--runs", str(runs), "--folder", folder, *further]
        done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr[-2000:]}")
    measured = json.loads(done.stdout.splitlines()[-1])
    told = f"{measured['cpu_s'] / runs * 1000:7.2f} ms CPU and {measured['seconds'] / runs * 1000:7.2f} ms a run"
    print(f"{name:12} {' '.join(further)[:40]:40} {told}", file=sys.stderr, flush=True)
    return measured


def _figure(value: float, unit: str, reach: str, against: str) -> dict[str, object]:
    return {"value": round(value, 3), "unit": unit, "reach": reach, "against": against}


def _peers() -> str:
    place = CACHE / "journal-peers"
    python = str(place / "bin" / "python")
    listed = place / "peers.json"
    if not listed.exists() or json.loads(listed.read_text()) != list(PEERS):
        subprocess.run(["uv", "venv", "--quiet", "--clear", "--no-config", str(place)], check=True)
        subprocess.run(["uv", "pip", "install", "--quiet", "--no-config", "--python", python, *PEERS], check=True)
        listed.write_text(json.dumps(PEERS))
    return python


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--without-postgres", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
