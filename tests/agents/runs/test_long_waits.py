"""A run that waits for a person waits as long as it takes, whatever process and version it meets in the end."""

from collections.abc import Generator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from jindou.agents.runs import Journal
from jindou.db import Database, require_newest, revision
from jindou.errors import Conflict
from support.desk import ORDER, Desk, open_desk
from support.old_rows import lay_rows
from support.scripted import call
from support.servers import Server

LARGE = call("refund_order", order_id=ORDER, amount=120, reason="broken lamp")
WAITING = Path(__file__).with_name("waiting_at_0008.sql")
"""What schema 0008 and version 1 of the journal had of the demo company, when the clerk had asked for `LARGE`."""
OF_WORKERS = (
    "approval",
    "audit_event",
    "audit_head",
    "conversation",
    "meter_attempt",
    "meter_event",
    "run",
    "run_event",
    "run_step",
    "task",
)
EXPANSIONS = ("ALTER TABLE run ADD COLUMN mood VARCHAR(20)", "CREATE TABLE newer (id VARCHAR(40) PRIMARY KEY)")


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return the settings that say where the database is, if it is not the home's own."""
    if request.param == "sqlite":
        return {}
    server: Server = request.getfixturevalue("server")
    return {"database_url": server.create("template0")}


@pytest.fixture
def empty(place: dict[str, Any], home: Path) -> Generator[Database]:
    (home / "jindou.db").unlink(missing_ok=True)
    with closing(Database(place.get("database_url", f"sqlite:///{home / 'jindou.db'}"))) as database:
        yield database


def wait_thirty_days_and_decide(desk: Desk, run_id: str) -> None:
    with desk.platform.database.reading(None) as work:
        assert desk.platform.queue.waiting(work, "run") == 0, "Nobody holds anything for it."
    desk.clock.move(timedelta(days=30))
    (approval,) = desk.inbox(status="waiting")
    desk.approve(approval.id)
    done = desk.move_on(run_id)
    assert (done.status, done.answer) == ("done", "Refunded.")
    assert desk.refunds() == [120_000_000]


def test_a_run_that_an_earlier_version_left_goes_on_after_thirty_days_and_every_migration_since(
    place: dict[str, Any], empty: Database, home: Path
) -> None:
    lay_rows(empty, WAITING, "0008")
    assert revision(empty) == "0008"
    with open_desk(home, "Refunded.", **place) as desk:
        assert revision(desk.platform.database) != "0008"
        (approval,) = desk.inbox()
        assert desk.get(approval.run_id).status == "waiting"
        wait_thirty_days_and_decide(desk, approval.run_id)
        assert [action for action, _, _ in desk.audited()][:2] == ["runs::start", "ecommerce::refund_order"]


def test_what_an_earlier_worker_writes_fits_the_newest_schema(empty: Database) -> None:
    lay_rows(empty, WAITING, tables=OF_WORKERS)
    with empty.reading(None) as work:
        found = work.session.connection().exec_driver_sql("SELECT count(*) FROM run_step").scalar_one()
    assert found == 2


def test_a_process_goes_on_over_the_schema_of_the_next_version_and_none_is_started_on_it(
    place: dict[str, Any], home: Path
) -> None:
    (home / "jindou.toml").write_text("approval_hours = 960\n", encoding="utf-8")
    with open_desk(home, LARGE, "Refunded.", **place) as desk:
        run = desk.ask(f"Refund 120 on {ORDER}, broken lamp")
        with desk.platform.database.engine.begin() as connection:
            for statement in (*EXPANSIONS, "UPDATE alembic_version SET version_num = '9999'"):
                connection.exec_driver_sql(statement)
        wait_thirty_days_and_decide(desk, run.id)
        with pytest.raises(Conflict, match="9999"):
            require_newest(desk.platform.database)


def test_a_run_waits_thirty_days_over_a_newer_journal_and_goes_on(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "jindou.toml").write_text("approval_hours = 960\n", encoding="utf-8")
    with open_desk(home, LARGE) as desk:
        run = desk.ask(f"Refund 120 on {ORDER}, broken lamp")
        assert run.status == "waiting"
    monkeypatch.setattr(Journal, "version", Journal.version + 1)
    with open_desk(home, "Refunded.") as desk:
        wait_thirty_days_and_decide(desk, run.id)
