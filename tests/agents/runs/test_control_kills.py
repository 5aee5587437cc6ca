"""The server is killed by SIGKILL at every boundary of a run that is paused, told more, resumed and branched."""

import json
import multiprocessing
import shutil
import signal
import sqlite3
from collections.abc import Generator
from pathlib import Path

import pytest

from support import killable_control
from support.killable import FOUND
from support.platform import open_platform

MOST_BOUNDARIES = 80
STRIDE = 3
"""Every third boundary, another one each time the walk is begun at another start; three starts walk all of them."""

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["support.killable_control"])

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
def fresh_home(tmp_path_factory: pytest.TempPathFactory) -> Generator[Path]:
    home = tmp_path_factory.mktemp("fresh")
    with open_platform(home, killable_control.script):
        pass
    with pytest.MonkeyPatch.context() as patch:
        # The fork server of Python 3.11 finds its modules by this variable alone.
        patch.setenv("PYTHONPATH", str(Path(killable_control.__file__).parents[1]))
        yield home


def move_on(home: Path, kill_at: int) -> int | None:
    """Go on in a process of its own and return its exit code."""
    process = PROCESSES.Process(target=killable_control.main, args=(home, kill_at))
    process.start()
    process.join(timeout=60)
    return process.exitcode


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
    for boundary in range(start, MOST_BOUNDARIES, STRIDE):
        home = tmp_path / str(boundary)
        shutil.copytree(fresh_home, home)
        first = move_on(home, boundary)
        if first == 0:
            break
        assert first == -signal.SIGKILL
        assert move_on(home, 0) == 0
        assert_whole(home, boundary)
    else:
        pytest.fail("The walk never reached the end of the run.")
    assert_whole(home, 0)
