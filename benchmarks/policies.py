"""How long another process still decides by the rules of before: two servers, one PostgreSQL.

``python benchmarks/policies.py --json`` ends with one line of JSON: ``in_force_s`` is the longest, over all rounds,
that the other server decided by the rules of before, once the first had answered that others are in force. In each
round a version is put in force that forbids refunds, and taken back.
"""

import argparse
import importlib
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
from serving import serving, session_of

REACH = 1.0
_PATIENCE = 60.0
_RULE = """@id("lamps.no-refunds") @reason_en("Nobody refunds.") @reason_zh("任何人不得退款。")
forbid (principal in Role::"clerk", action == Action::"ecommerce::refund_order", resource);"""


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
            waits = _waits(one, other, asked.rounds)
    waits.sort()
    against = f"two servers on PostgreSQL, {len(waits)} changes; half of them within {waits[len(waits) // 2]:.2f}"
    figure = {"value": round(waits[-1], 2), "unit": "s", "reach": f"<= {REACH:g}", "against": against}
    if asked.json:
        print(json.dumps({"in_force_s": figure}))
        return
    print(f"in_force_s: {figure['value']} s ({figure['reach']}; {against})")


def _waits(one: httpx.Client, other: httpx.Client, rounds: int) -> list[float]:
    """Put a rule in force at one server and take it back, again and again; return how long the other took to follow."""
    manager, clerk = session_of(one, "manager"), session_of(other, "clerk")
    body = {"files": {"refunds.cedar": _RULE}}
    number = one.post("/api/policies", json=body, headers=manager).raise_for_status().json()["number"]
    waits: list[float] = []
    for at in range(rounds):
        for path, rule in ((f"/api/policies/{number}/activation", "lamps.no-refunds"), ("/api/policies/rollback", "")):
            # The other server looks twice a second: begin at another moment of that each time.
            time.sleep(0.37 * at % 0.5)
            one.post(path, json={}, headers=manager).raise_for_status()
            began = time.monotonic()
            while _is_refused(other, clerk) != bool(rule) and time.monotonic() < began + _PATIENCE:
                time.sleep(0.005)
            waits.append(time.monotonic() - began)
    return waits


def _is_refused(client: httpx.Client, headers: dict[str, str]) -> bool:
    asked = {"assistant": "after-sales", "tool": "refund_order"}
    answer = client.post("/api/decisions", json=asked, headers=headers).raise_for_status().json()
    return "lamps.no-refunds" in [rule["id"] for rule in answer["rules"]]


def _serve(home: Path) -> None:
    """Serve until the input ends."""
    served: Any = importlib.import_module("support.served")
    with served.serve(home, _answer) as platform:
        print(json.dumps([platform.settings.url, platform.home.operator_key()]), flush=True)
        sys.stdin.read()


def _answer(_messages: object) -> str:
    return "Good morning."


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--serve", default="", help="For the benchmark itself: serve from this home.")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
