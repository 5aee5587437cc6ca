"""The server is killed by SIGKILL at every boundary of the refund run; the refund happens exactly once."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from jindou.billing.budgets import BudgetAsk
from support import killable
from support.platform import as_person, open_platform
from support.scripted import refund_script
from support.walking import walk

MOST_BOUNDARIES = 60


@pytest.fixture(scope="module")
def fresh_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("fresh")
    with open_platform(home, refund_script("SO-10007", 120.0)) as platform:
        manager = as_person(platform, "manager")
        with platform.database.writing(manager.org_id) as work:
            platform.budgets.create(work, manager, BudgetAsk(scope="organisation", monthly_micro=10**9, rpm=100))
    return home


def refunds(home: Path) -> list[tuple[str, int]]:
    with sqlite3.connect(home / "packs" / "ecommerce" / "shop.db") as shop:
        rows = shop.execute("SELECT order_id, amount FROM refund WHERE order_id = 'SO-10007'").fetchall()
        effects = shop.execute("SELECT count(*) FROM effect").fetchone()[0]
    shop.close()
    assert effects == len(rows)
    return rows


def assert_whole(found: dict[str, Any], home: Path, boundary: int) -> None:
    told = f"killed before commit {boundary}: {found}"
    assert found["runs"] == ["done"], told
    assert refunds(home) == [("SO-10007", 120_000_000)], told
    assert found["steps"] == [["model", "done"], ["tool", "done"], ["model", "done"]], told
    assert [step for step, _ in found["metered"]] == found["done"], told
    assert sum(cost for _, cost in found["metered"]) == found["cost"], told
    assert found["attempts"] == found["tried"], told
    assert found["wrong"] == 0, told
    assert found["events"] == list(range(1, len(found["events"]) + 1)), told
    assert found["audit"]["ok"], told


def test_a_run_killed_at_any_boundary_resumes_and_refunds_exactly_once(fresh_home: Path, tmp_path: Path) -> None:
    for home, boundary in walk(killable.main, fresh_home, tmp_path, range(1, MOST_BOUNDARIES)):
        assert_whole(json.loads((home / killable.FOUND).read_text()), home, boundary)
