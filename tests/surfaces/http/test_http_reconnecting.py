"""A browser that loses its connection again and again in the middle of a run misses nothing and sees nothing twice."""

import threading
from collections.abc import Sequence
from pathlib import Path

import httpx

from support.scripted import call
from support.served import serve

SECONDS = 60.0
TIMES = 10
ORDERS = ("SO-10007", "SO-10120", "SO-10234", "SO-10962")
MESSAGE = f"Show me the orders {', '.join(ORDERS)}"


class Paced:
    """Looks at one order after the other, each when it is `let`, and then says so."""

    def __init__(self) -> None:
        self.let = threading.Semaphore(0)

    def __call__(self, messages: Sequence[dict[str, object]]) -> str:
        if not any(MESSAGE in str(message["content"]) for message in messages):
            return "Hello."
        self.let.acquire(timeout=SECONDS)
        seen = sum(message["role"] == "tool" for message in messages)
        return call("get_order", order_id=ORDERS[seen]) if seen < len(ORDERS) else "I have looked."


def read_one(browser: httpx.Client, run_id: str, last: int) -> tuple[int, str]:
    """Open the stream behind number `last`, take one event that is kept, and break the connection off."""
    with browser.stream("GET", f"/api/runs/{run_id}/events", headers={"Last-Event-ID": str(last)}) as stream:
        lines = stream.iter_lines()
        number = next(int(line.removeprefix("id: ")) for line in lines if line.startswith("id: "))
        return number, next(line.removeprefix("event: ") for line in lines if line.startswith("event: "))


def test_a_browser_that_reconnects_ten_times_sees_every_event_once_and_in_order(tmp_path: Path) -> None:
    script = Paced()
    with (
        serve(tmp_path / "home", script) as platform,
        httpx.Client(base_url=platform.settings.url, timeout=SECONDS) as browser,
    ):
        operator = {"Authorization": f"Bearer {platform.home.operator_key()}"}
        opened = browser.post("/api/sessions", json={"person": "clerk"}, headers=operator)
        browser.headers["Authorization"] = f"Bearer {opened.json()['token']}"
        run_id: str = browser.post("/api/runs", json={"message": MESSAGE}).json()["id"]
        seen: list[tuple[int, str]] = []
        while not seen or seen[-1][1] != "run.finished":
            script.let.release()
            seen.append(read_one(browser, run_id, len(seen)))
        assert len(seen) > TIMES, "Each of them came over a connection of its own."
        assert [number for number, _ in seen] == list(range(1, len(seen) + 1))
        kept = browser.get(f"/api/runs/{run_id}").json()["last_event"]
        assert kept == len(seen)
