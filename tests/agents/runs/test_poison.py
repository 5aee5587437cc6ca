"""A run that kills each worker that takes it is found and given up; the runs beside it take no harm."""

from pathlib import Path

import pytest

from support.fleet import open_fleet
from support.forker import POISON

SECONDS = 180.0
RUNS = 6


@pytest.mark.parametrize(("kind", "workers"), [("sqlite", 1), ("postgresql", 2)])
def test_a_run_that_kills_its_worker_each_time_is_given_up_and_harms_no_other(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str, workers: int
) -> None:
    url = request.getfixturevalue("server").create() if kind == "postgresql" else ""
    died = 0
    with open_fleet(tmp_path / "home", url, lease_seconds=2.5) as fleet:
        fleet.found(tenants=2)
        orders = fleet.orders()
        poison = fleet.ask(fleet.people[0], orders[0], POISON)
        for n in range(RUNS):
            fleet.ask(fleet.people[n % 2], orders[n + 1])
        for _ in range(workers):
            fleet.start_worker()

        def is_over() -> bool:
            nonlocal died
            died += fleet.replace_dead()
            return fleet.all_over()

        assert fleet.wait_until(is_over, SECONDS), fleet.unfinished()
        assert died == 7
        assert fleet.unfinished() == [f"{poison} failed workers_lost"]
        assert [made for run_id, made in fleet.effects().items() if run_id != poison] == [1] * RUNS
        assert fleet.effects()[poison] == 0
        with fleet.platform.database.reading(fleet.people[0].org_id) as work:
            explained = fleet.platform.runs.explain(work, fleet.people[0], poison)
            shown = fleet.platform.runs.get(work, fleet.people[0], poison)
        assert (explained.code, explained.why["en"].split(",")[0]) == (
            "workers_lost",
            "The workers that had it died one after the other",
        )
        assert (shown.error, shown.journal[-1].took_effect) == ("workers_lost", "no")
