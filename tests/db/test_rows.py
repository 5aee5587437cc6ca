"""Rows past the ORM: whole, within their organisation, and read as they were written, on either database."""

from collections.abc import Generator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import bindparam, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import UnmappedInstanceError

from jindou.agents.conversations.tables import ConversationRow
from jindou.agents.runs.tables import RunEventRow
from jindou.db import Columns, Database, Query, migrate
from support.ground import OTHERS, OURS, open_database
from support.servers import Server

EVENT = Query(RunEventRow, RunEventRow.seq == bindparam("seq"))
AT = datetime(2026, 3, 1, 8, 30, 0, 5, tzinfo=timezone(timedelta(hours=8)))
TOLD: dict[str, object] = {
    "half": "\ud83d",
    "whole": "😀 汉",
    "numbers": [1, -2.5, 10**25, None, True],
    "of": {"of": [{}]},
}


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Database]:
    if request.param == "sqlite":
        with open_database(tmp_path) as database:
            yield database
        return
    server: Server = request.getfixturevalue("server")
    database = Database(server.create())
    migrate(database)
    yield database
    database.close()


def add(database: Database, seq: int = 1, org_id: str = OURS) -> None:
    with database.writing(OURS) as work:
        work.new(RunEventRow, org_id=org_id, run_id="run_1", seq=seq, type="run.notice", at=AT, data=TOLD)


def fetch(database: Database, seq: int = 1, org_id: str = OURS) -> list[RunEventRow]:
    with database.reading(org_id) as work:
        return work.fetch(EVENT, seq=seq)


def test_what_is_read_is_what_was_written(database: Database) -> None:
    add(database)
    (row,) = fetch(database)
    assert (row.type, row.at, row.data) == ("run.notice", AT.astimezone(UTC), TOLD)
    assert fetch(database, org_id=OTHERS) == []


def test_a_row_is_added_to_its_own_organisation_and_with_columns_that_there_are(database: Database) -> None:
    with pytest.raises(PermissionError):
        add(database, org_id=OTHERS)
    with pytest.raises(TypeError, match="colour"), database.writing(OURS) as work:
        work.new(RunEventRow, org_id=OURS, colour="red")
    assert fetch(database) == []


def test_a_row_that_is_taken_in_hand_is_changed_without_being_read_again(database: Database) -> None:
    add(database)
    known = fetch(database)
    with database.writing(OURS) as work:
        work.take(known)
        known[0].type = "run.paused"
    assert fetch(database)[0].type == "run.paused"
    with pytest.raises(PermissionError), database.writing(OTHERS) as work:
        work.take(known)


def test_a_row_is_a_plain_object_that_no_session_takes(database: Database) -> None:
    add(database)
    with database.writing(OURS) as work:
        (row,) = work.fetch(EVENT, seq=1)
        assert list(vars(row)) == [column.name for column in RunEventRow.__table__.columns]
        with pytest.raises(UnmappedInstanceError):
            work.session.add(row)


def test_single_columns_are_read_within_their_organisation_and_as_they_were_written(database: Database) -> None:
    columns = select(RunEventRow.seq, RunEventRow.at, RunEventRow.data).where(RunEventRow.type == bindparam("kind"))
    query = Columns(RunEventRow, columns)
    with database.writing(OURS) as work:
        work.new(RunEventRow, org_id=OURS, run_id="run_1", seq=4, type="run.notice", at=AT, data=TOLD)
        assert work.read(query, kind="run.notice") == [[4, AT.astimezone(UTC), TOLD]]
    with database.reading(OTHERS) as work:
        assert work.read(query, kind="run.notice") == []


def test_an_error_of_the_driver_is_one_of_sqlalchemy(database: Database) -> None:
    add(database)
    with pytest.raises(IntegrityError):
        add(database)
    add(database, seq=2)
    assert [row.seq for row in fetch(database, seq=2)] == [2]


def test_a_query_sees_what_was_added_before_it(database: Database) -> None:
    with database.writing(OURS) as work:
        work.new(RunEventRow, org_id=OURS, run_id="run_1", seq=3, type="run.notice", at=AT, data={})
        (row,) = work.fetch(EVENT, seq=3)
        row.type = "run.paused"
        assert [again.type for again in work.fetch(EVENT, seq=3)] == ["run.paused"]


def test_a_change_of_a_row_of_the_orm_that_lacks_a_column_goes_to_the_column_that_was_changed(
    database: Database,
) -> None:
    with database.writing(OURS) as work:
        # `branched_from` is not set.
        row = ConversationRow(
            id="cnv_1", org_id=OURS, assistant="a", person_id="p", title="as it was", created_at=AT, updated_at=AT
        )
        work.add(row)
        work.flush()
        row.title = "changed"
    with database.reading(OURS) as work:
        kept = work.session.execute(select(ConversationRow.title, ConversationRow.person_id)).one()
    assert tuple(kept) == ("changed", "p")
