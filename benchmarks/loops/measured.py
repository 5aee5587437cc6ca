"""What every loop is asked, and how its processor time is taken. Only the standard library: peers run it, too."""

import argparse
import json
import resource
import time
from collections.abc import Callable

__all__ = ["ANSWER", "ORDER", "QUESTION", "arguments", "expect", "get_order", "measure", "tell"]

QUESTION = "Where is order SO-10007?"
ORDER = {"order_id": "SO-10007"}
ANSWER = "Order SO-10007 was delivered yesterday."
_WARM = 20


def get_order(order_id: str) -> dict[str, object]:
    """Return an order, as a tool does that has it in memory."""
    return {"id": order_id, "status": "delivered", "total": "129.00", "currency": "CNY"}


def arguments() -> argparse.Namespace:
    """Return what `journal.py` asks of a loop."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, required=True)
    parser.add_argument("--at-once", type=int, default=1)
    parser.add_argument("--kept", action="store_true", help="keep each step; otherwise the bare loop")
    parser.add_argument("--folder", default="", help="where files of the database go")
    parser.add_argument("--url", default="", help="a PostgreSQL database, in place of SQLite")
    parser.add_argument("--processes", type=int, default=1, help="processes that move runs on")
    parser.add_argument("--threads", type=int, default=16, help="runs that one of them moves on at once")
    parser.add_argument("--role", default="", help="what a process started by this one is to do")
    return parser.parse_args()


def expect(answer: object) -> None:
    """End at once if a loop did not come to its answer: what it took would mean nothing."""
    if answer != ANSWER:
        raise SystemExit(f"The answer is {answer!r}.")


def measure(once: Callable[[int], object], runs: int) -> None:
    """Do it `runs` times after warming up, and tell what it took."""
    for n in range(_WARM):
        once(n)
    before, begun = _cpu(), time.monotonic()
    for n in range(runs):
        once(_WARM + n)
    tell(runs, time.monotonic() - begun, _cpu() - before)


def tell(runs: int, seconds: float, cpu: float) -> None:
    """Write what runs took, as the last line."""
    print(json.dumps({"runs": runs, "seconds": seconds, "cpu_s": cpu}), flush=True)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
