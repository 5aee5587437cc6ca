"""Processes that write one ledger together, and are killed: what was told is there once, and budgets are not passed."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from billing_site import CALL, Site
from sqlalchemy import select

from jindou.billing.usage import Ledger
from jindou.billing.usage.tables import MeterAttemptRow, MeterEventRow
from jindou.durable.queue import Queue
from jindou.telemetry import SystemClock
from support import payer
from support.ground import OURS
from support.platform import FakeClock

KILLS = 5


@pytest.fixture
def clock() -> FakeClock:
    """The processes have the machine's clock, so the test begins at its time."""
    return FakeClock(SystemClock().now())


def start(site: Site, told: Path, clients: int, calls: int) -> "subprocess.Popen[bytes]":
    url = site.database.engine.url.render_as_string(hide_password=False)
    script = [sys.executable, "-m", "support.payer", url, str(told), OURS, str(clients), str(calls)]
    folders = os.pathsep.join([str(Path(payer.__file__).parents[1]), *sys.path])
    return subprocess.Popen(script, env={"PYTHONPATH": folders, "PATH": ""})


def told_of(*files: Path) -> list[list[str]]:
    """Return the lines that were written whole."""
    return [line.split() for file in files for line in file.read_text().split("\n")[:-1] if line]


def assert_whole(site: Site, lines: list[list[str]]) -> None:
    with site.database.reading(None) as work:
        events = {row.step_id: row.input_tokens for row in work.session.scalars(select(MeterEventRow))}
        attempts = {row.id: row.status for row in work.session.scalars(select(MeterAttemptRow))}
        rows = len(work.session.scalars(select(MeterEventRow.id)).all())
    assert rows == len(events), "A call is in the ledger twice."
    assert set(events) == {id_ for id_, status in attempts.items() if status == "settled"}
    for what, id_, tokens in lines:
        if what == "settled":
            assert events.get(id_) == int(tokens), "What a client was told is lost."
        elif what == "open":
            assert id_ in attempts


def test_a_killed_process_loses_and_doubles_nothing_and_what_it_left_is_held(site: Site, tmp_path: Path) -> None:
    made = site.budget(monthly_micro=10**12, rpm=10**6)
    dice = random.Random(7)  # noqa: S311 - a walk that can be walked again
    told = tmp_path / "told"
    queue = Queue(30)
    for _ in range(KILLS):
        told.touch()
        size = told.stat().st_size
        process = start(site, told, clients=8, calls=10_000)
        while told.stat().st_size == size and process.poll() is None:
            time.sleep(0.01)
        time.sleep(dice.uniform(0.0, 0.15))
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert process.returncode == -signal.SIGKILL
        with site.database.writing(None) as work:
            Ledger(site.database, site.attempts, queue).recover(work)
    assert_whole(site, told_of(told))
    with site.database.reading(None) as work:
        left = work.session.scalars(select(MeterAttemptRow.status)).all()
    assert set(left) <= {"settled", "unknown"}
    site.clock.move(SystemClock().now() - site.clock.now())
    assert site.wrong() == 0
    assert site.counted(made.id) == site.sums()


def test_processes_that_race_for_the_last_calls_get_exactly_those(site: Site, tmp_path: Path) -> None:
    made = site.budget(monthly_micro=20 * CALL)
    files = [tmp_path / f"told_{at}" for at in range(3)]
    racing = [start(site, file, clients=8, calls=20) for file in files]
    assert [process.wait(timeout=60) for process in racing] == [0, 0, 0]
    lines = told_of(*files)
    assert_whole(site, lines)
    spent, held = site.counted(made.id)
    assert (spent, held) == site.sums()
    assert held == 0
    assert spent <= 20 * CALL, "The budget was passed."
    # What is held for calls under way may refuse one for which there is room a moment later, since they use less.
    assert spent > 15 * CALL, "Calls that the budget had room for were refused."
    assert any(line[:2] == ["refused", "budget_exceeded"] for line in lines)
