"""Three workers on PostgreSQL: one is killed and one frozen and woken; then the database goes away and comes back.

``python benchmarks/fleet.py --json [--runs 200] [--away 30]`` ends with one line of JSON. One of five companies asks
for three fifths of the runs, before all others. All runs have a refund made.

- ``unfinished``: runs that did not end well by themselves;
- ``doubled``: effects beyond the one of each run;
- ``starved``: companies of whose runs none was taken up while more than five of each other company were;
- ``back_s``: from the return of a database that was gone for `away` seconds until runs had moved on;
- ``unseen``: events that were missing, double or out of order on a stream that was open all that time.
"""

import argparse
import importlib
import itertools
import json
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import httpx

TENANTS = 5
WORKERS = 3
TURNS = 5
"""Turns of each other company that one may miss; three workers go round by themselves."""
GIVE_UP_SECONDS = 300.0


def main() -> None:
    """Measure, and end with the figures."""
    asked = _arguments()
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    fleets: Any = importlib.import_module("support.fleet")
    servers: Any = importlib.import_module("support.servers")
    with (
        tempfile.TemporaryDirectory() as folder,
        servers.open_server(durable=True) as server,
        fleets.open_fleet(Path(folder) / "home", server.create()) as fleet,
    ):
        fleet.found(TENANTS)
        took = _kill_and_freeze(fleet, asked.runs)
        passed_over = fleet.passed_over()
        starved = [org for org, most in passed_over.items() if most > TURNS * (TENANTS - 1)]
        back, unseen = _go_away(fleet, server, asked.runs // 2, asked.away)
        for told in fleet.unfinished():
            print(f"not done: {told}", file=sys.stderr)
        against = (
            f"{asked.runs} runs of {TENANTS} companies in {took:.0f} s, {WORKERS} workers, one killed and one frozen "
            f"and woken; then {asked.runs // 2} runs, the database gone for {asked.away:g} s"
        )
        widest = f"at most {max(passed_over.values())} runs of others between two of a company's"
        doubled = sum(max(0, made - 1) for made in fleet.effects().values())
        figures = {
            "unfinished": _figure(len(fleet.unfinished()), "runs", "0", against),
            "doubled": _figure(doubled, "effects", "0", against),
            "starved": _figure(len(starved), "companies", "0", widest),
            "back_s": _figure(round(back, 1), "s", "< 10", against),
            "unseen": _figure(unseen, "events", "0", "the stream of one run, open while the database was gone"),
        }
    if asked.json:
        print(json.dumps(figures))
        return
    for name, figure in figures.items():
        print(f"{name}: {figure['value']} {figure['unit']} ({figure['reach']}; against {figure['against']})")


def _kill_and_freeze(fleet: Any, runs: int) -> float:
    """Kill one worker and freeze one in the middle, wake it, wait for the end; return the seconds that all took."""
    _ask(fleet, runs)
    began = time.monotonic()
    killed, frozen, _ = (fleet.start_worker() for _ in range(WORKERS))
    fleet.wait_until(lambda: fleet.started(runs // 10), GIVE_UP_SECONDS)
    fleet.kill(frozen, signal.SIGSTOP)
    fleet.kill(killed)
    fleet.wait_until(lambda: fleet.started(runs * 6 // 10), GIVE_UP_SECONDS)
    fleet.kill(frozen, signal.SIGCONT)
    fleet.wait_until(fleet.all_over, GIVE_UP_SECONDS)
    return time.monotonic() - began


def _ask(fleet: Any, runs: int) -> None:
    """Have the first company ask for three fifths of the runs, then the others in turn for the rest."""
    orders: list[str] = fleet.orders()
    first = runs * 3 // 5
    for n in range(runs):
        who = fleet.people[0 if n < first else 1 + n % (TENANTS - 1)]
        fleet.ask(who, orders[n % len(orders)])


def _go_away(fleet: Any, server: Any, runs: int, away: float) -> tuple[float, int]:
    """Stop the database in the middle; return the seconds until runs went on after it, and what a stream missed."""
    served: Any = importlib.import_module("support.served")
    _ask(fleet, runs)
    run_id = list(fleet.asked)[-1]
    who = next(who for who in fleet.people if who.org_id == fleet.runs()[run_id].org_id)
    with served.serve(fleet.home, _say_nothing, run_workers=0) as platform:
        seen: list[int] = []
        reader = threading.Thread(target=_follow, args=(platform.settings.url, fleet.sign_in(who), run_id, seen))
        reader.start()
        fleet.wait_until(lambda: bool(seen) and len(fleet.held()) > WORKERS, GIVE_UP_SECONDS)
        server.stop()
        time.sleep(away)
        server.start()
        back_at = time.monotonic()
        states: list[dict[str, int]] = []

        def has_moved_on() -> bool:
            states.append(fleet.open())
            return states[-1] != states[0]

        fleet.wait_until(has_moved_on, GIVE_UP_SECONDS)
        back = time.monotonic() - back_at
        fleet.wait_until(fleet.all_over, GIVE_UP_SECONDS)
        reader.join(GIVE_UP_SECONDS)
    wanted = range(1, fleet.runs()[run_id].last_event + 1)
    disorder = sum(one >= other for one, other in itertools.pairwise(seen))
    return back, len(set(wanted) ^ set(seen)) + disorder


def _follow(url: str, secret: str, run_id: str, seen: list[int]) -> None:
    """Note the numbers of the events of a run, over one connection."""
    headers = {"Authorization": f"Bearer {secret}"}
    with httpx.stream("GET", f"{url}/api/runs/{run_id}/events", headers=headers, timeout=None) as stream:  # noqa: S113 - it may be silent as long as it likes
        seen.extend(int(line.removeprefix("id: ")) for line in stream.iter_lines() if line.startswith("id: "))


def _say_nothing(_messages: object) -> str:
    return ""


def _figure(value: float, unit: str, reach: str, against: str) -> dict[str, object]:
    return {"value": value, "unit": unit, "reach": reach, "against": against}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--away", type=float, default=30.0, help="Seconds that the database is gone.")
    parser.add_argument("--json", action="store_true", help="end with the figures as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
