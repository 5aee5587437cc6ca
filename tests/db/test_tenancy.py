"""A unit of work of one organisation can neither see nor touch another's rows, whichever way it asks."""

from collections.abc import Generator
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import bindparam, delete, func, insert, select, text, update
from sqlalchemy.orm import aliased

from jindou.agents.conversations.tables import ConversationRow
from jindou.db import Database, Prepared, Query, Work
from support.ground import OTHERS, OURS, open_database

BY_ID = Query(ConversationRow, ConversationRow.id == bindparam("id"))


@pytest.fixture
def database(tmp_path: Path) -> Generator[Database]:
    with open_database(tmp_path) as database:
        for org_id, row_id in ((OURS, "cnv_ours"), (OTHERS, "cnv_others")):
            with database.writing(org_id) as work:
                work.session.add(conversation(work, row_id))
        yield database


def conversation(work: Work, row_id: str, org_id: str | None = None) -> ConversationRow:
    row = ConversationRow(id=row_id, assistant="a", person_id="p", title="t", created_at=work.now())
    row.updated_at = work.now()
    if org_id is not None:
        row.org_id = org_id
    return row


def titles(database: Database) -> dict[str, str]:
    with database.reading(None) as work:
        return {row.id: row.title for row in work.session.scalars(select(ConversationRow))}


def test_a_row_is_stamped_with_the_organisation_of_its_unit_of_work(database: Database) -> None:
    with database.reading(None) as work:
        assert work.session.get_one(ConversationRow, "cnv_ours").org_id == OURS


def test_a_select_sees_only_the_own_organisation(database: Database) -> None:
    other = aliased(ConversationRow)
    with database.reading(OURS) as work:
        assert list(work.session.scalars(select(ConversationRow.id))) == ["cnv_ours"]
        assert list(work.session.scalars(select(other.id))) == ["cnv_ours"]
        assert work.session.scalar(select(func.count()).select_from(ConversationRow)) == 1
        both = select(ConversationRow.id, other.id).where(ConversationRow.assistant == other.assistant)
        assert [tuple(row) for row in work.session.execute(both)] == [("cnv_ours", "cnv_ours")]


def test_a_subquery_sees_only_the_own_organisation(database: Database) -> None:
    inner = select(ConversationRow.id).where(ConversationRow.assistant == "a")
    with database.reading(OURS) as work:
        found = work.session.scalars(select(ConversationRow.id).where(ConversationRow.id.in_(inner)))
        assert list(found) == ["cnv_ours"]
        assert work.session.scalar(select(func.count()).select_from(inner.subquery())) == 1


def test_getting_by_key_finds_nothing_of_another_organisation(database: Database) -> None:
    with database.reading(OURS) as work:
        assert work.session.get(ConversationRow, "cnv_others") is None
        assert work.session.get(ConversationRow, "cnv_ours") is not None


def test_an_update_changes_only_the_own_organisation(database: Database) -> None:
    with database.writing(OURS) as work:
        work.session.execute(update(ConversationRow).values(title="changed"))
    assert titles(database) == {"cnv_ours": "changed", "cnv_others": "t"}


def test_a_delete_removes_only_the_own_organisations_rows(database: Database) -> None:
    with database.writing(OURS) as work:
        work.session.execute(delete(ConversationRow))
    assert titles(database) == {"cnv_others": "t"}


def test_a_row_for_another_organisation_is_refused(database: Database) -> None:
    with pytest.raises(PermissionError), database.writing(OURS) as work:
        work.session.add(conversation(work, "cnv_forged", OTHERS))
    assert "cnv_forged" not in titles(database)


def test_rows_in_hand_are_written_as_far_as_they_changed(database: Database) -> None:
    with database.writing(OURS) as work:
        row = conversation(work, "cnv_direct", OURS)
        work.add(row)
        row.title = "added"
    with database.writing(OURS) as work:
        (found,) = work.fetch(BY_ID, id="cnv_direct")
        assert (found.title, found.created_at, found.org_id) == ("added", row.created_at, OURS)
        found.title = "changed"
        assert work.session.get_one(ConversationRow, "cnv_direct").title == "changed"
    assert titles(database)["cnv_direct"] == "changed"


def test_what_was_read_is_not_written_if_the_transaction_fails(database: Database) -> None:
    with suppress(ZeroDivisionError), database.writing(OURS) as work:
        (found,) = work.fetch(BY_ID, id="cnv_ours")
        found.title = f"{1 / 0}"
    assert titles(database)["cnv_ours"] == "t"


def test_rows_of_another_organisation_are_not_fetched(database: Database) -> None:
    with database.reading(OURS) as work:
        assert work.fetch(BY_ID, id="cnv_others") == []
    with database.reading(None) as work:
        assert [row.org_id for row in work.fetch(BY_ID, id="cnv_others")] == [OTHERS]


def test_a_row_in_hand_is_not_written_into_another_organisation(database: Database) -> None:
    with database.writing(OURS) as work, pytest.raises(PermissionError):
        work.add(conversation(work, "cnv_forged", OTHERS))
    with database.writing(OURS) as work:
        (found,) = work.fetch(BY_ID, id="cnv_ours")
        found.org_id = OTHERS
        with pytest.raises(PermissionError):
            work.flush()
        found.org_id = OURS
    assert titles(database) == {"cnv_ours": "t", "cnv_others": "t"}


def test_a_table_of_tenants_is_not_changed_past_its_objects(database: Database) -> None:
    with database.writing(OURS) as work, pytest.raises(PermissionError):
        work.execute(update(ConversationRow).values(title="changed"))
    assert titles(database) == {"cnv_ours": "t", "cnv_others": "t"}


def test_a_table_of_tenants_is_not_read_past_its_objects(database: Database) -> None:
    with database.reading(OURS) as work:
        for query in (select(ConversationRow.id), select(ConversationRow.__table__)):
            with pytest.raises(PermissionError):
                work.ask(Prepared(query))


def test_an_own_row_can_not_be_moved_to_another_organisation(database: Database) -> None:
    with pytest.raises(PermissionError), database.writing(OURS) as work:
        work.session.get_one(ConversationRow, "cnv_ours").org_id = OTHERS
    with pytest.raises(PermissionError), database.writing(OURS) as work:
        work.session.execute(update(ConversationRow).values(org_id=OTHERS))
    with database.reading(OTHERS) as work:
        assert list(work.session.scalars(select(ConversationRow.id))) == ["cnv_others"]


def test_a_statement_that_goes_past_the_mapped_classes_is_refused(database: Database) -> None:
    statements = (
        insert(ConversationRow).values(id="cnv_forged", org_id=OTHERS),
        select(ConversationRow.__table__),
        text("SELECT * FROM conversation"),
    )
    for statement in statements:
        with pytest.raises(PermissionError), database.writing(OURS) as work:
            work.session.execute(statement)


def test_the_platform_itself_sees_every_organisation(database: Database) -> None:
    with database.reading(None) as work:
        assert set(work.session.scalars(select(ConversationRow.id))) == {"cnv_ours", "cnv_others"}
        assert work.session.get(ConversationRow, "cnv_others") is not None
