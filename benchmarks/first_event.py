"""How soon a browser sees something after somebody sends a message: over HTTP, with an engine that answers at once.

``python benchmarks/first_event.py --json`` ends with one line of JSON, medians from sending the message:

- ``first_event_ms``: until the first event of its run arrives on the stream;
- ``first_text_ms``: until the first words of the model do, by which a worker has taken the run up.

The server is a process of its own, with its home on SQLite; the browser's part is done over one connection, as
browsers keep it: the message is posted, then the stream of the run is opened.
"""

import argparse
import importlib
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import httpx

RUNS = 60
WARM_UP = 5


def main() -> None:
    """Serve, or measure and end with the figures."""
    asked = _arguments()
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    if asked.serve:
        _serve(Path(asked.serve))
        return
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "--serve", f"{folder}/home"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
            url, token = json.loads(server.stdout.readline()) if server.stdout else ("", "")
            with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=30) as browser:
                measured = [_ask(browser) for _ in range(WARM_UP + asked.runs)][WARM_UP:]
            server.communicate()
    against = f"{asked.runs} messages one after the other, a scripted engine, SQLite"
    first, text = (round(1000 * median(times), 1) for times in zip(*measured, strict=True))
    figures = {
        "first_event_ms": {"value": first, "unit": "ms", "reach": "<= 50", "against": against},
        "first_text_ms": {"value": text, "unit": "ms", "reach": "-", "against": against},
    }
    if asked.json:
        print(json.dumps(figures))
        return
    for name, figure in figures.items():
        print(f"{name}: {figure['value']} {figure['unit']} ({figure['reach']}; against {figure['against']})")


def _ask(browser: httpx.Client) -> tuple[float, float]:
    """Send a message, and return the seconds until its first event and until the first words."""
    began = time.perf_counter()
    run = browser.post("/api/runs", json={"message": "Good morning"}).raise_for_status().json()
    first = text = 0.0
    with browser.stream("GET", f"/api/runs/{run['id']}/events") as stream:
        for line in stream.iter_lines():
            if line.startswith("event:"):
                now = time.perf_counter() - began
                first = first or now
                text = text or (now if line == "event: text.delta" else 0.0)
    return first, text or time.perf_counter() - began


def _serve(folder: Path) -> None:
    """Serve until the input ends."""
    served: Any = importlib.import_module("support.served")
    with served.serve(folder, _answer) as platform:
        url, operator = platform.settings.url, {"Authorization": f"Bearer {platform.home.operator_key()}"}
        opened = httpx.post(f"{url}/api/sessions", json={"person": "clerk"}, headers=operator)
        print(json.dumps([url, opened.raise_for_status().json()["token"]]), flush=True)
        sys.stdin.read()


def _answer(_messages: object) -> str:
    return "Good morning. What should be done?"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--serve", default="", help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="end with the figures as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
