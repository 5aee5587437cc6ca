"""The database goes away, or the disk is full, while runs are under way: they wait, and go on when it is back."""

import resource
import threading
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx

from jindou.db import DatabaseUnavailable
from support.fleet import Fleet, open_fleet
from support.served import serve
from support.servers import open_server

SECONDS = 180.0
RUNS = 16
AWAY_SECONDS = 8.0
"""Longer than a lease."""
ROOM = 4096
"""Bytes that a file may have: all that were there before are larger."""
DISK = 256 << 20
"""Bytes of a disk that has a server's empty databases and not much beside."""


def ask(fleet: Fleet) -> None:
    fleet.found(tenants=2)
    orders = fleet.orders()
    for n in range(RUNS):
        fleet.ask(fleet.people[n % 2], orders[n])


def assert_all_done_once(fleet: Fleet) -> None:
    assert fleet.wait_until(fleet.all_over, SECONDS), fleet.unfinished()
    assert fleet.unfinished() == []
    assert set(fleet.effects().values()) == {1}


def is_under_way(fleet: Fleet) -> bool:
    return fleet.started(4) and len(fleet.held()) > 1


@contextmanager
def no_room(pid: int) -> Generator[None]:
    """Let no file of a process grow, as on a full disk."""
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (ROOM, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


@contextmanager
def full_disk(folder: Path) -> Generator[None]:
    """Fill a disk to its last byte, and make room again."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    try:
        yield
    finally:
        filler.unlink()


def test_runs_and_an_open_stream_outlive_a_database_that_is_gone_and_comes_back(tmp_path: Path) -> None:
    with (
        open_server(durable=True) as server,
        open_fleet(tmp_path / "home", server.create()) as fleet,
        serve(fleet.home, lambda _: "", run_workers=0) as platform,
        httpx.Client(base_url=platform.settings.url, timeout=SECONDS) as browser,
    ):
        ask(fleet)
        who, run_id = fleet.people[(RUNS - 1) % 2], list(fleet.asked)[-1]
        browser.headers["Authorization"] = f"Bearer {fleet.sign_in(who)}"
        seen: list[int] = []
        reader = threading.Thread(target=read, args=(browser, run_id, seen))
        reader.start()
        with fleet.holding_engine():
            workers = [fleet.start_worker() for _ in range(2)]
            assert fleet.wait_until(lambda: is_under_way(fleet) and bool(seen))
            server.stop()
        back_at = time.monotonic() + AWAY_SECONDS
        answer = browser.get("/api/runs")
        assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
        assert answer.headers["content-type"] == "application/problem+json"
        time.sleep(max(0.0, back_at - time.monotonic()))
        server.start()
        assert_all_done_once(fleet)
        assert all(fleet.lives(worker) for worker in workers), "They went on by themselves."
        assert browser.get("/api/runs").status_code == 200
        reader.join(SECONDS)
        assert seen == list(range(1, fleet.runs()[run_id].last_event + 1)), "One connection, and nothing is missing."


def read(browser: httpx.Client, run_id: str, seen: list[int]) -> None:
    """Note the numbers of a run's events as they come over one connection."""
    with browser.stream("GET", f"/api/runs/{run_id}/events") as stream:
        seen.extend(int(line.removeprefix("id: ")) for line in stream.iter_lines() if line.startswith("id: "))


def test_runs_outlive_a_disk_that_is_full_for_a_while(tmp_path: Path) -> None:
    with open_fleet(tmp_path / "home") as fleet:
        ask(fleet)
        with ExitStack() as full:
            with fleet.holding_engine():
                worker = fleet.start_worker()
                assert fleet.wait_until(lambda: is_under_way(fleet))
                full.enter_context(no_room(worker))
                before = fleet.open()
            time.sleep(1.0)
        assert before, "The disk was full while runs were under way."
        assert_all_done_once(fleet)
        assert fleet.lives(worker)


def test_runs_on_a_server_outlive_a_disk_that_is_full_for_a_while(tmp_path: Path) -> None:
    with (
        open_server(durable=True, room=DISK) as server,
        open_fleet(tmp_path / "home", server.create()) as fleet,
    ):
        ask(fleet)
        with ExitStack() as full:
            with fleet.holding_engine():
                workers = [fleet.start_worker() for _ in range(2)]
                assert fleet.wait_until(lambda: is_under_way(fleet))
                full.enter_context(full_disk(server.folder))
            for order in fleet.orders()[RUNS:]:
                with suppress(DatabaseUnavailable):
                    fleet.ask(fleet.people[0], order)
                if "No space left" in server.log():
                    break
            assert "No space left" in server.log()
        if not server.lives():
            # PostgreSQL ends itself where it has no room for what it writes ahead; its service manager starts it again.
            server.start()
        assert_all_done_once(fleet)
        assert all(fleet.lives(worker) for worker in workers)
