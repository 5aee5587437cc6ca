"""What a unit of work promises: all or nothing, one writer at a time, times in UTC, nothing told before it is kept."""

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Generator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.exc import OperationalError, StatementError

from jindou.agents.conversations.tables import ConversationRow
from jindou.db import Database, DatabaseUnavailable, Work, migrate
from support.ground import OURS, open_database


@pytest.fixture
def database(tmp_path: Path) -> Generator[Database]:
    with open_database(tmp_path, busy_seconds=0.2) as database:
        yield database


def add(work: Work, row_id: str, at: datetime | None = None, title: str = "t") -> None:
    at = at or work.now()
    row = ConversationRow(id=row_id, assistant="a", person_id="p", title=title, created_at=at, updated_at=at)
    work.session.add(row)
    work.session.flush()


def add_and_fail(work: Work, told: Callable[[], None] = lambda: None) -> None:
    add(work, "cnv_1")
    work.after_commit(told)
    raise KeyError


def add_small_and_large(work: Work) -> None:
    add(work, "cnv_1", title="small")
    add(work, "cnv_2", title="x" * 100_000)


def ids(database: Database) -> list[str]:
    with database.reading(OURS) as work:
        return list(work.session.scalars(select(ConversationRow.id).order_by(ConversationRow.id)))


def test_an_error_rolls_everything_back(database: Database) -> None:
    with pytest.raises(KeyError), database.writing(OURS) as work:
        add_and_fail(work)
    assert ids(database) == []


def test_what_waits_for_the_commit_is_done_after_it_and_only_then(database: Database) -> None:
    seen: list[list[str]] = []
    with database.writing(OURS) as work:
        add(work, "cnv_1")
        work.after_commit(lambda: seen.append(ids(database)))
        assert seen == []
    assert seen == [["cnv_1"]]


def test_what_waits_for_a_commit_that_fails_is_never_done(database: Database) -> None:
    seen: list[str] = []
    with pytest.raises(KeyError), database.writing(OURS) as work:
        add_and_fail(work, lambda: seen.append("told"))
    assert seen == []


def test_what_is_told_after_commits_is_told_in_their_order(tmp_path: Path) -> None:
    told: list[int] = []
    written: list[int] = []

    def write(database: Database) -> None:
        for _ in range(10):
            with database.writing(OURS) as work:
                number = len(written)
                add(work, f"cnv_{number:03}")
                written.append(number)
                work.after_commit(lambda number=number: told.append(number))

    with open_database(tmp_path) as database:
        threads = [threading.Thread(target=write, args=(database,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert told == written == list(range(40))
        assert len(ids(database)) == 40


def test_a_writer_that_waits_too_long_for_another_is_told_so(database: Database) -> None:
    refused: list[DatabaseUnavailable] = []

    def write() -> None:
        try:
            with database.writing(OURS):
                pass
        except DatabaseUnavailable as error:
            refused.append(error)

    with database.writing(OURS) as work:
        add(work, "cnv_1")
        second = threading.Thread(target=write)
        second.start()
        second.join()
    assert [error.code for error in refused] == ["database_unavailable"]
    assert ids(database) == ["cnv_1"]


def test_a_reader_sees_one_snapshot_while_others_write(database: Database) -> None:
    with database.reading(OURS) as work:
        assert list(work.session.scalars(select(ConversationRow.id))) == []
        with database.writing(OURS) as other:
            add(other, "cnv_1")
        assert list(work.session.scalars(select(ConversationRow.id))) == []
    assert ids(database) == ["cnv_1"]


HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
"""


def test_a_database_locked_by_another_process_is_unavailable_and_nothing_is_half_written(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path / "jindou.db")]
    with open_database(tmp_path, busy_seconds=0.2) as database:
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
            assert holder.stdout is not None
            assert holder.stdout.readline()
            with pytest.raises(DatabaseUnavailable, match="locked"), database.writing(OURS) as work:
                add(work, "cnv_1")
            with pytest.raises(DatabaseUnavailable, match="locked"):
                migrate(database)
        assert ids(database) == []
        with database.writing(OURS) as work:
            add(work, "cnv_2")
        assert ids(database) == ["cnv_2"]


def test_a_full_disk_is_unavailable_and_nothing_is_half_written(database: Database) -> None:
    def fill_up(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA max_page_count = 1").close()  # SQLite raises it to what there is.

    with database.writing(OURS) as work:
        add(work, "cnv_0")
    event.listen(database.engine, "connect", fill_up)
    database.close()
    with pytest.raises(DatabaseUnavailable, match="full"), database.writing(OURS) as work:
        add_small_and_large(work)
    assert ids(database) == ["cnv_0"]


def test_a_database_that_can_not_be_opened_is_unavailable(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'nowhere' / 'jindou.db'}")
    with pytest.raises(DatabaseUnavailable), database.writing(OURS) as work:
        add(work, "cnv_1")
    database.close()


def test_a_wrong_statement_is_no_passing_trouble(database: Database) -> None:
    with database.writing(None) as work:
        work.session.connection().exec_driver_sql("DROP TABLE conversation")
    with pytest.raises(OperationalError), database.writing(OURS) as work:
        add(work, "cnv_1")


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@pytest.mark.parametrize("is_write", [False, True])
def test_a_connection_in_use_when_the_database_closes_is_closed_after_its_work(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str, *, is_write: bool
) -> None:
    url = f"sqlite:///{tmp_path / 'jindou.db'}"
    database = Database(request.getfixturevalue("server").create() if kind == "postgresql" else url)
    opened: list[Any] = []

    def keep(connection: object, _: object) -> None:
        opened.append(connection)

    event.listen(database.engine, "connect", keep)
    with database.writing(None) if is_write else database.reading(None) as work:
        database.close()
        work.session.execute(text("SELECT 1"))
    (connection,) = opened
    with pytest.raises(Exception, match="closed"):
        connection.execute("SELECT 1")


def test_times_come_back_in_utc_whatever_their_zone_was(database: Database) -> None:
    shanghai = timezone(timedelta(hours=8))
    at = datetime(2026, 3, 2, 7, 30, 15, 123456, tzinfo=shanghai)
    with database.writing(OURS) as work:
        add(work, "cnv_1", at)
    with database.reading(OURS) as work:
        found = work.session.get_one(ConversationRow, "cnv_1").created_at
    assert found == at
    assert found.tzinfo == UTC
    assert found.isoformat() == "2026-03-01T23:30:15.123456+00:00"


def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="without a zone"), database.writing(OURS) as work:
        add(work, "cnv_1", datetime(2026, 3, 2))  # noqa: DTZ001 - that is the point


def test_ids_of_a_database_sort_in_the_order_they_were_made(database: Database) -> None:
    with database.reading(OURS) as work:
        made = [work.new_id("run") for _ in range(200)]
    assert made == sorted(made)
    assert len(set(made)) == 200


def test_a_unit_of_work_of_the_driver_is_kept_whole_or_not_at_all(database: Database) -> None:
    def add_organisation(name: str, *, fail: bool) -> None:
        with database.writing(None) as work:
            insert = "INSERT INTO organisation (id, name, created_at) VALUES (?, 'Org', '2026-01-01 00:00:00')"
            work.driver.read(insert, [name])
            if fail:
                raise KeyError

    add_organisation("org_1", fail=False)
    with pytest.raises(KeyError):
        add_organisation("org_2", fail=True)
    with database.writing(None) as work:
        kept = work.driver.read("SELECT id FROM organisation WHERE id LIKE 'org_%' ORDER BY id")
    assert "org_1" in {row[0] for row in kept}
    assert "org_2" not in {row[0] for row in kept}


def test_a_unit_of_work_of_the_driver_says_when_the_database_is_busy(database: Database, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "jindou.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for _ in range(2):
        with pytest.raises(DatabaseUnavailable), database.writing(None):
            pytest.fail("It has the turn of another process.")
    other.execute("ROLLBACK")
    other.close()
    with database.writing(None) as work:
        assert work.driver.read("SELECT 1") == [(1,)]
