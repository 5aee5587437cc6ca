"""The schema goes up, down and up again, and is what the tables in the code say."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from jindou import assembly
from jindou.db import Base, Database, migrate, revision
from jindou.db.bringing import MIGRATIONS
from jindou.db.migrate import revisions
from jindou.errors import Conflict
from support.ground import open_database


def table_names(database: Database) -> set[str]:
    with database.reading(None) as work:
        return set(inspect(work.session.connection()).get_table_names()) - {"alembic_version"}


def test_the_schema_goes_up_and_down_and_up_again(tmp_path: Path) -> None:
    with open_database(tmp_path) as database:
        newest = revision(database)
        assert newest is not None
        first = table_names(database)
        migrate(database, "base")
        assert table_names(database) == set()
        assert revision(database) is None
        migrate(database)
        assert table_names(database) == first
        assert revision(database) == newest


def test_migrating_twice_changes_nothing(tmp_path: Path) -> None:
    with open_database(tmp_path) as database:
        migrate(database)
        assert revision(database)


def test_the_migrated_schema_equals_the_tables_in_the_code(tmp_path: Path) -> None:
    assert assembly.__all__, "Every room is imported, so that every table is known."
    with open_database(tmp_path) as database, database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    assert set(Base.metadata.tables) >= {
        "run",
        "run_step",
        "run_event",
        "approval",
        "audit_event",
        "meter_event",
        "task",
    }


def test_an_index_of_some_rows_is_of_those_that_the_code_says(tmp_path: Path) -> None:
    assert assembly.__all__, "Every room is imported, so that every table is known."
    indexes = [index for table in Base.metadata.tables.values() for index in table.indexes]
    said = {index.name: index.info["where"][0] for index in indexes if "where" in index.info}
    assert {"ix_run_open", "ix_task_turn"} <= said.keys()
    asked = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql LIKE '% WHERE %'"
    with open_database(tmp_path) as database, database.engine.connect() as connection:
        made = {name: sql.partition(" WHERE ")[2] for name, sql in connection.exec_driver_sql(asked)}
    assert made == said


def test_the_revisions_that_are_known_without_alembic_are_its_own() -> None:
    scripts = ScriptDirectory(MIGRATIONS)
    assert [script.revision for script in scripts.walk_revisions()] == list(reversed(revisions()))
    assert scripts.get_heads() == [revisions()[-1]]


def test_a_database_that_a_newer_jindou_made_is_left_alone(tmp_path: Path) -> None:
    with open_database(tmp_path) as database:
        with database.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        with pytest.raises(Conflict, match="9999"):
            migrate(database)
        assert "run" in table_names(database)
