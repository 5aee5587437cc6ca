import os
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from jindou.agents.tools import ToolError
from jindou.packs.ecommerce import pack
from jindou.packs.ecommerce.effects import KeyReused
from jindou.packs.ecommerce.shop import Shop
from packs.ecommerce.shop_desk import TODAY, Desk

_TESTS = Path(__file__).parents[2]
_REFUND = {"order_id": "SO-10007", "amount": 25.5, "reason": "broken"}


def _child(folder: Path, moment: str) -> list[str]:
    return [sys.executable, "-m", "packs.ecommerce.shop_child", str(folder), moment]


def _run(folder: Path, moment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(_child(folder, moment), cwd=_TESTS, check=False, timeout=60, capture_output=True)


def _refunds(folder: Path, order_id: str = "SO-10007") -> list[int]:
    with closing(sqlite3.connect(folder / "shop.db")) as connection:
        rows = connection.execute("SELECT amount FROM refund WHERE order_id = ? ORDER BY id", (order_id,))
        return [row[0] for row in rows]


def test_a_key_has_one_effect_and_always_the_same_result(desk: Desk, folder: Path) -> None:
    first = desk.ask("refund_order", key="run:1", **_REFUND)
    assert desk.ask("refund_order", key="run:1", **_REFUND) == first
    assert desk.ask("refund_order", key="run:1", **(_REFUND | {"amount": "25.50"})) == first
    assert _refunds(folder) == [25_500_000]


def test_a_key_of_one_call_is_refused_to_another(desk: Desk, folder: Path) -> None:
    desk.ask("refund_order", key="run:1", **_REFUND)
    with pytest.raises(KeyReused):
        desk.ask("refund_order", key="run:1", **(_REFUND | {"amount": 26}))
    with pytest.raises(KeyReused):
        desk.ask("draft_reply", key="run:1", order_id="SO-10007", text="Hello")
    assert _refunds(folder) == [25_500_000]


def test_a_call_that_fails_leaves_nothing_and_may_be_tried_again(desk: Desk, folder: Path) -> None:
    with pytest.raises(ToolError):
        desk.ask("refund_order", key="run:1", **(_REFUND | {"amount": 500}))
    desk.ask("refund_order", key="run:1", **_REFUND)
    assert _refunds(folder) == [25_500_000]


def test_many_threads_with_one_key_have_one_effect(desk: Desk, folder: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        results = [pool.submit(desk.ask, "refund_order", key="run:1", **_REFUND) for _ in range(24)]
    assert len({result.result().model_dump_json() for result in results}) == 1
    assert _refunds(folder) == [25_500_000]


def test_many_threads_with_their_own_keys_never_refund_more_than_was_paid(desk: Desk, folder: Path) -> None:
    def refund(n: int) -> bool:
        try:
            desk.ask("refund_order", key=f"run:{n}", **(_REFUND | {"amount": 30}))
        except ToolError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(refund, range(20)))
    assert sum(done) == 12
    assert sum(_refunds(folder)) == 360_000_000


def test_two_calls_judged_at_once_cannot_both_pass_a_limit(desk: Desk, folder: Path) -> None:
    refund = _REFUND | {"amount": 40}
    assert desk.facts("refund_order", key="run:1", **refund)["refunded_total"] == 40_000_000
    assert desk.facts("refund_order", key="run:2", **refund)["refunded_total"] == 40_000_000
    desk.ask("refund_order", key="run:1", **refund)
    with pytest.raises(ToolError, match="Somebody else changed this order"):
        desk.ask("refund_order", key="run:2", **refund)
    assert desk.facts("refund_order", key="run:2", **refund)["refunded_total"] == 80_000_000
    desk.ask("refund_order", key="run:2", **refund)
    assert _refunds(folder) == [40_000_000, 40_000_000]


def test_a_call_that_had_its_effect_is_judged_as_it_was_before_it(desk: Desk) -> None:
    refund = _REFUND | {"amount": 389}
    before = desk.facts("refund_order", key="run:1", **refund)
    result = desk.ask("refund_order", key="run:1", **refund)
    assert desk.facts("refund_order", key="run:1", **refund) == before
    assert desk.ask("refund_order", key="run:1", **refund) == result


@pytest.mark.parametrize(("moment", "kept"), [("within", 0), ("commit", 0), ("after", 1)])
def test_a_process_killed_at_any_moment_of_a_refund_leaves_all_of_it_or_nothing(
    folder: Path, moment: str, kept: int
) -> None:
    child = _run(folder, moment)
    assert child.returncode == -signal.SIGKILL
    assert _refunds(folder) == [25_500_000] * kept
    opened = pack.open(folder, TODAY)
    Desk(opened).ask("refund_order", key="run:1", **_REFUND)
    opened.close()
    assert _refunds(folder) == [25_500_000]


def test_a_process_killed_anywhere_in_a_row_of_refunds_repeats_none(folder: Path) -> None:
    for lines in (0, 1, 3, 7, 12):
        with subprocess.Popen(_child(folder, "row"), cwd=_TESTS, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            for _ in range(lines):
                child.stdout.readline()
            os.kill(child.pid, signal.SIGKILL)
    assert _run(folder, "row").returncode == 0
    assert _refunds(folder) == [n * 10_000 for n in range(1, 41)]


def test_a_process_killed_while_it_makes_the_shop_leaves_no_half_shop(tmp_path: Path) -> None:
    child = _run(tmp_path, "make")
    assert child.returncode == -signal.SIGKILL
    assert not (tmp_path / "shop.db").exists()
    Shop(tmp_path, TODAY).close()
    assert (tmp_path / "shop.db").exists()
