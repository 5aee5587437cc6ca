"""The server is killed by SIGKILL at every boundary of a run that is paused, told more, resumed and branched."""

import json
import sqlite3
from pathlib import Path

import pytest

from support import killable_control
from support.killable import FOUND
from support.platform import open_platform
from support.walking import walk

MOST_BOUNDARIES = 80
STRIDE = 3
"""Every third boundary, another one each time the walk is begun at another start; three starts walk all of them."""

SHARED = [
    [1, "message", "done"],
    [2, "model", "done"],
    [3, "tool", "done"],
    [4, "tool", "done"],
    [5, "model", "done"],
    [6, "tool", "done"],
]
WHOLE = {
    "runs": [["done", False], ["done", True]],
    "steps": [
        [*SHARED, [7, "model", "done"]],
        [*SHARED, [7, "message", "done"], [8, "model", "done"]],
    ],
    "gapless": True,
    "audit": True,
}


@pytest.fixture(scope="module")
def fresh_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("fresh")
    with open_platform(home, killable_control.script):
        pass
    return home


def assert_whole(home: Path, boundary: int) -> None:
    found = json.loads((home / FOUND).read_text())
    told = f"killed before commit {boundary}: {found}"
    assert found.pop("cost") == found.pop("metered"), told
    assert found == WHOLE, told
    with sqlite3.connect(home / "packs" / "ecommerce" / "shop.db") as shop:
        refunds = shop.execute("SELECT amount FROM refund WHERE order_id = 'SO-10007'").fetchall()
    shop.close()
    assert refunds == [(25_500_000,)], told


@pytest.mark.parametrize("start", range(1, STRIDE + 1))
def test_what_a_person_asked_of_a_run_survives_a_kill_at_any_boundary(
    fresh_home: Path, tmp_path: Path, start: int
) -> None:
    for home, boundary in walk(killable_control.main, fresh_home, tmp_path, range(start, MOST_BOUNDARIES, STRIDE)):
        assert_whole(home, boundary)
