"""Many workers on one PostgreSQL database: killed, frozen and told to stop, and still every effect happens once."""

import re
import signal
from collections.abc import Generator
from pathlib import Path

import pytest

from jindou.assembly_gateway import NotPrepared
from jindou.assembly_runs import assemble_worker
from jindou.home import Home
from jindou.settings import load_settings
from support.fleet import Fleet, open_fleet
from support.servers import Server

SECONDS = 180.0
LEASE = 2.0
TURNS = 5
"""Turns of each other company that one may miss: three workers go round by themselves."""


@pytest.fixture
def fleet(server: Server, tmp_path: Path) -> Generator[Fleet]:
    settings = {"lease_seconds": LEASE, "run_workers": 2, "drain_seconds": 5.0}
    with open_fleet(tmp_path / "home", server.create(), **settings) as fleet:
        yield fleet


def ask(fleet: Fleet, runs: int) -> None:
    orders = fleet.orders()
    for n in range(runs):
        fleet.ask(fleet.people[n % len(fleet.people)], orders[n])


def output_of(fleet: Fleet) -> str:
    return (fleet.home / "logs" / "work.out").read_text(encoding="utf-8")


def end_every_connection(fleet: Fleet) -> None:
    with fleet.platform.database.writing(None) as work:
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        work.session.connection().exec_driver_sql(others)


def test_runs_outlive_a_killed_a_frozen_and_a_cut_off_worker_with_every_effect_once(fleet: Fleet) -> None:
    fleet.found(tenants=3)
    fleet.people[1:1] = [fleet.people[0]] * 3
    ask(fleet, 30)
    killed, frozen, _ = (fleet.start_worker() for _ in range(3))
    assert fleet.wait_until(lambda: fleet.started(6), SECONDS)
    fleet.kill(frozen, signal.SIGSTOP)
    fleet.kill(killed)
    assert fleet.wait_until(lambda: fleet.started(20), SECONDS)
    fleet.kill(frozen, signal.SIGCONT)
    end_every_connection(fleet)
    assert fleet.wait_until(fleet.all_over, SECONDS), fleet.unfinished()
    assert fleet.unfinished() == []
    assert set(fleet.effects().values()) == {1}
    assert max(fleet.passed_over().values()) <= TURNS * 2, "Every company had its turn, beside one that wants most."


def test_a_worker_that_is_told_to_stop_leaves_nothing_behind(fleet: Fleet) -> None:
    fleet.found(tenants=1, people=2)
    ask(fleet, 24)
    with fleet.holding_engine():
        worker = fleet.start_worker()
        assert fleet.wait_until(lambda: fleet.started(1), SECONDS)
        fleet.kill(worker, signal.SIGTERM)
    assert fleet.wait_until(lambda: not fleet.lives(worker), SECONDS)
    assert fleet.held() == {}
    said = output_of(fleet)
    assert re.search(
        r"^Finishing [12] runs?, for 5 s at most; press Ctrl-C again to stop at once\.$", said, re.MULTILINE
    )
    assert said.splitlines()[-1].startswith("Stopped")
    assert fleet.open(), "It took no more than it had begun."
    fleet.start_worker()
    assert fleet.wait_until(fleet.all_over, SECONDS), fleet.unfinished()
    assert set(fleet.effects().values()) == {1}


def test_a_worker_that_is_told_twice_stops_at_once(fleet: Fleet) -> None:
    fleet.found(tenants=1)
    ask(fleet, 1)
    with fleet.holding_engine():
        worker = fleet.start_worker()
        assert fleet.wait_until(lambda: fleet.started(1), SECONDS)
        fleet.kill(worker, signal.SIGTERM)
        assert fleet.wait_until(lambda: "Finishing 1 run," in output_of(fleet), SECONDS)
        fleet.kill(worker, signal.SIGINT)
        assert fleet.wait_until(lambda: not fleet.lives(worker), SECONDS)
        assert "Stopped" not in output_of(fleet)
    fleet.start_worker()
    assert fleet.wait_until(fleet.all_over, SECONDS), fleet.unfinished()
    assert set(fleet.effects().values()) == {1}


def test_a_worker_beside_sqlite_is_refused(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.prepare()
    with pytest.raises(NotPrepared, match="SQLite is for one process"):
        assemble_worker(load_settings(home=tmp_path), home)
