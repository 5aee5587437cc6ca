"""The database goes away, or the disk is full, while runs are under way: they wait, and go on when it is back."""

import asyncio
import resource
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from httpx import ASGITransport, AsyncClient, Response

from jindou.surfaces.app import create_app
from support.fleet import Fleet, open_fleet
from support.servers import open_server

SECONDS = 90.0
RUNS = 16
AWAY_SECONDS = 8.0
"""Longer than a lease."""
ROOM = 4096
"""Bytes that a file may have: all that were there before are larger."""


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


def test_runs_outlive_a_database_that_is_gone_and_comes_back(tmp_path: Path) -> None:
    with open_server(durable=True) as server, open_fleet(tmp_path / "home", server.create()) as fleet:
        ask(fleet)
        workers = [fleet.start_worker() for _ in range(2)]
        token = sign_in(fleet)
        assert fleet.wait_until(lambda: is_under_way(fleet))
        server.stop()
        back_at = time.monotonic() + AWAY_SECONDS
        answer = request(fleet, "GET", "/api/runs", token)
        assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
        assert answer.headers["content-type"] == "application/problem+json"
        time.sleep(max(0.0, back_at - time.monotonic()))
        server.start()
        assert_all_done_once(fleet)
        assert all(fleet.lives(worker) for worker in workers), "They went on by themselves."
        assert request(fleet, "GET", "/api/runs", token).status_code == 200


def sign_in(fleet: Fleet) -> str:
    token: str = request(
        fleet, "POST", "/api/sessions", fleet.platform.home.operator_key(), {"person": "clerk"}
    ).json()["token"]
    return token


def request(fleet: Fleet, method: str, path: str, token: str, json: object = None) -> Response:
    async def send() -> Response:
        transport = ASGITransport(create_app(fleet.platform), raise_app_exceptions=False)
        async with AsyncClient(transport=transport, base_url=fleet.platform.settings.url) as client:
            return await client.request(method, path, json=json, headers={"Authorization": f"Bearer {token}"})

    return asyncio.run(send())


def test_runs_outlive_a_disk_that_is_full_for_a_while(tmp_path: Path) -> None:
    with open_fleet(tmp_path / "home") as fleet:
        ask(fleet)
        worker = fleet.start_worker()
        assert fleet.wait_until(lambda: is_under_way(fleet))
        with no_room(worker):
            before = fleet.open()
            time.sleep(1.0)
        assert before, "The disk was full while runs were under way."
        assert_all_done_once(fleet)
        assert fleet.lives(worker)
