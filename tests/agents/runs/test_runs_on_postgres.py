"""The verbs that change a run, on PostgreSQL, where doors and workers really write at the same time."""

import threading
from pathlib import Path

import pytest

from jindou.agents.runs import RunSearch
from support.desk import ORDER, Desk, open_desk
from support.scripted import call
from support.servers import Server

LARGE = call("refund_order", order_id=ORDER, amount=120, reason="broken lamp")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, server: Server) -> Path:
    folder = tmp_path_factory.mktemp("home")
    (folder / "jindou.toml").write_text(f'database_url = "{server.create()}"\n', encoding="utf-8")
    return folder


def steer(desk: Desk, run_id: str, message: str) -> None:
    with desk.platform.database.writing(desk.clerk.org_id) as work:
        desk.platform.runs.control.steer(work, desk.clerk, run_id, message)


def test_a_run_is_paused_told_more_resumed_found_explained_and_branched(home: Path) -> None:
    with open_desk(home, LARGE, "Refunded.", "Refunded twice.") as desk:
        runs, database, clerk = desk.platform.runs, desk.platform.database, desk.clerk
        run = desk.ask(f"Refund 120 on {ORDER}, broken lamp")
        with database.writing(clerk.org_id) as work:
            assert runs.control.pause(work, clerk, run.id).status == "paused"
        desk.approve(desk.inbox(status="waiting")[0].id)
        steer(desk, run.id, "Be kind.")
        with database.writing(clerk.org_id) as work:
            runs.control.resume(work, clerk, run.id)
        done = desk.move_on(run.id)
        assert [(step.kind, step.status) for step in done.journal] == [
            ("model", "done"),
            ("tool", "done"),
            ("message", "done"),
            ("model", "done"),
        ]
        with database.writing(clerk.org_id) as work:
            branch = runs.branch(work, clerk, run.id, 2, "Say it again.")
        assert desk.move_on(branch.id).answer == "Refunded twice."
        assert desk.refunds().count(120_000_000) == 1
        with database.reading(clerk.org_id) as work:
            assert runs.explain(work, clerk, run.id).code == "done"
            found = runs.search(work, clerk, RunSearch(text="REFUNDED TWICE", tool="refund_order", status="done"))
        assert [one.id for one in found] == [branch.id]


def test_messages_that_come_at_the_same_time_get_numbers_of_their_own(home: Path) -> None:
    with open_desk(home, "Never mind.") as desk:
        run = desk.start("Hi")
        threads = [threading.Thread(target=steer, args=(desk, run.id, f"Message {n}")) for n in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        done = desk.move_on(run.id)
        assert [step.n for step in done.journal] == list(range(1, 8))
        assert {step.text for step in done.journal if step.kind == "message"} == {f"Message {n}" for n in range(6)}
        assert [event.seq for event in desk.events(run.id)] == list(range(1, done.last_event + 1))
