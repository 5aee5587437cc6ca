"""Somebody sets the clock by an hour while runs are under way, and while they wait: none is lost or timed out."""

import time
from collections.abc import Generator
from datetime import timedelta
from pathlib import Path

import pytest
from typing_extensions import override

from jindou.models.engines import Chunk, EngineRequest
from support.clock_setting import open_clock
from support.desk import ORDER, open_desk, saying
from support.fleet import open_fleet
from support.platform import FakeClock
from support.scripted import ScriptedEngine, call
from support.servers import open_server

HOUR = timedelta(hours=1)
SETTINGS = pytest.mark.parametrize("by", [HOUR, -HOUR], ids=["ahead", "back"])
SECONDS = 180.0
RUNS = 12
LARGE = call("refund_order", order_id=ORDER, amount=120, reason="broken lamp")


class SettingEngine(ScriptedEngine):
    """Has somebody set the clock in the middle of each of its answers."""

    def __init__(self, by: timedelta, *answers: str) -> None:
        super().__init__(saying(*answers))
        self._by = by
        self.clock = FakeClock()

    @override
    def stream(self, request: EngineRequest) -> Generator[Chunk, None, None]:
        for number, chunk in enumerate(super().stream(request)):
            if number == 1:
                self.clock.set(self._by)
            yield chunk


@SETTINGS
def test_a_run_has_worked_no_longer_for_a_clock_that_was_set(home: Path, by: timedelta) -> None:
    engine = SettingEngine(by, LARGE, "Refunded.")
    with open_desk(home, engine=engine, run_max_seconds=60, model_max_seconds=30) as desk:
        engine.clock = desk.clock
        run = desk.ask(f"Refund 120 on {ORDER}, broken lamp")
        assert run.status == "waiting"
        (approval,) = desk.inbox(status="waiting")
        desk.approve(approval.id)
        done = desk.move_on(run.id)
        assert (done.status, done.answer, desk.notices(run.id)) == ("done", "Refunded.", [])
        assert desk.refunds() == [120_000_000]
        worked = next(use.used for use in done.limits if use.kind == "seconds")
        assert worked == 0


@SETTINGS
def test_a_run_that_waits_for_a_person_does_not_mind_a_clock_that_is_set(home: Path, by: timedelta) -> None:
    with open_desk(home, LARGE, "Refunded.", run_max_seconds=60) as desk:
        run = desk.ask(f"Refund 120 on {ORDER}, broken lamp")
        desk.clock.set(by)
        (approval,) = desk.inbox(status="waiting")
        desk.approve(approval.id)
        with desk.platform.database.writing(None) as work:
            desk.platform.queue.clock_went_back(work, HOUR)
        assert desk.move_on(run.id).status == "done"
        assert desk.refunds() == [120_000_000]


def test_workers_on_a_server_whose_clock_is_set_do_every_run_once(tmp_path: Path) -> None:
    with (
        open_clock() as clock,
        open_server(durable=True, environment=clock.environment) as server,
        open_fleet(tmp_path / "home", server.create()) as fleet,
    ):
        fleet.found(tenants=2)
        orders = fleet.orders()
        for _ in range(2):
            fleet.start_worker()
        for turn, ahead in enumerate((3600, 0, -3600, 0)):
            before = len(fleet.asked)
            with fleet.holding_engine():
                for n in range(RUNS):
                    fleet.ask(fleet.people[n % 2], orders[before + n])
                assert fleet.wait_until(lambda: bool(fleet.held()), SECONDS)
                # What meets an engine that is gone waits for another attempt, by a clock that is set just then.
                fleet.kill(fleet.engine)
            clock.set_ahead(ahead)
            time.sleep(1.0)
            fleet.start_engine()
            assert fleet.wait_until(fleet.all_over, SECONDS), (turn, fleet.unfinished())
        assert fleet.unfinished() == []
        assert set(fleet.effects().values()) == {1}
        assert max(run.worked_ms for run in fleet.runs().values()) < SECONDS * 1000
