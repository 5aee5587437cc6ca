"""How long somebody who is deactivated at one server can still do anything at another: two processes, one PostgreSQL.

``python benchmarks/deactivation.py --json`` ends with one line of JSON: ``seconds`` is the longest that anything of
theirs lived on after the answer to the deactivation, over all rounds. Looked at are, all at the other server: a session
that asks, a key that asks, the stream of a run's events, a streamed answer of `/v1` and of the playground, and a run
whose model call is under way. The engine writes some words and never ends by itself.
"""

import argparse
import importlib
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
from serving import serving, session_of

REACH = 5.0
_PATIENCE = 60.0
_SIGNED_OUT = 401
_MODEL = "qwen2.5-coder-0.5b"
_ASK = {"model": _MODEL, "stream": True, "messages": [{"role": "user", "content": "Good morning"}]}


def main() -> None:
    """Serve, or measure and end with the figure."""
    asked = _arguments()
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    if asked.serve:
        _serve(Path(asked.serve))
        return
    servers: Any = importlib.import_module("support.servers")
    with tempfile.TemporaryDirectory() as folder, servers.open_server() as database:
        url = database.create()
        with (
            serving(__file__, Path(folder, "one"), url, _PATIENCE) as one,
            serving(__file__, Path(folder, "other"), url, _PATIENCE) as other,
        ):
            rounds = [_round(one, other, f"leaver-{at}") for at in range(asked.rounds)]
    worst = {name: round(max(of[name] for of in rounds), 2) for name in rounds[0]}
    told = ", ".join(f"{name} {seconds}" for name, seconds in worst.items())
    against = f"two servers on PostgreSQL, {asked.rounds} people; {told}"
    figure = {"value": max(worst.values()), "unit": "s", "reach": f"<= {REACH:g}", "against": against}
    if asked.json:
        print(json.dumps({"seconds": figure}))
        return
    print(f"seconds: {figure['value']} s ({figure['reach']}; {against})")


def _round(one: httpx.Client, other: httpx.Client, handle: str) -> dict[str, float]:
    """Have somebody do everything at the other server, deactivate them at the first, and time how each thing ends."""
    manager = session_of(one, "manager")
    body = {"handle": handle, "name": handle, "roles": ["clerk"]}
    person = one.post("/api/people", json=body, headers=manager).raise_for_status().json()["id"]
    theirs = session_of(other, handle)
    secret = other.post("/api/keys", json={"name": "k"}, headers=theirs).raise_for_status().json()["secret"]
    key = {"Authorization": f"Bearer {secret}"}
    run = other.post("/api/runs", json={"message": "Good morning"}, headers=theirs).raise_for_status().json()["id"]
    streams = {
        "events": ("GET", f"/api/runs/{run}/events", theirs),
        "answer": ("POST", "/v1/chat/completions", key),
        "playground": ("POST", "/api/completions", theirs),
    }
    has_begun = threading.Barrier(len(streams) + 1)
    with ThreadPoolExecutor() as pool:
        ends = {name: pool.submit(_stream, other, *stream, has_begun) for name, stream in streams.items()}
        has_begun.wait(_PATIENCE)
        one.post(f"/api/people/{person}/deactivation", headers=manager).raise_for_status()
        began = time.monotonic()
        asks = {
            "session": pool.submit(_until, lambda: other.get("/api/runs", headers=theirs).status_code == _SIGNED_OUT),
            "key": pool.submit(_until, lambda: other.get("/v1/models", headers=key).status_code == _SIGNED_OUT),
            "run": pool.submit(_until, lambda: _is_over(one, run, manager)),
        }
        return {name: max(0.0, end.result() - began) for name, end in (asks | ends).items()}


def _stream(client: httpx.Client, method: str, path: str, headers: dict[str, str], begun: threading.Barrier) -> float:
    """Read a stream to its end, and return when that was."""
    asked = _ASK if method == "POST" else None
    with client.stream(method, path, json=asked, headers=headers) as answer:
        lines: Iterator[str] = answer.raise_for_status().iter_lines()
        next(line for line in lines if "delta" in line)
        begun.wait(_PATIENCE)
        for _ in lines:
            continue
    return time.monotonic()


def _until(is_so: Callable[[], bool]) -> float:
    deadline = time.monotonic() + _PATIENCE
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.05)
    return time.monotonic()


def _is_over(client: httpx.Client, run: str, headers: dict[str, str]) -> bool:
    events = client.get("/api/audit", params={"limit": 200}, headers=headers).raise_for_status().json()
    return any(event["action"] == "runs::finish" and event["run_id"] == run for event in events)


def _serve(home: Path) -> None:
    """Serve until the input ends."""
    served: Any = importlib.import_module("support.served")
    paced: Any = importlib.import_module("support.paced")
    engine = paced.PacedEngine(_answer, hold_at=3)
    with served.serve(home, _answer, engine=engine) as platform:
        print(json.dumps([platform.settings.url, platform.home.operator_key()]), flush=True)
        sys.stdin.read()
        engine.go.set()


def _answer(_messages: object) -> str:
    return "Good morning. " * 100


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--serve", default="", help="For the benchmark itself: serve from this home.")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
