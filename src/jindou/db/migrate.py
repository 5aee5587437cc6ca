"""Bring a database to the newest schema: one Alembic chain for all rooms."""

import sqlite3
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import OperationalError

from jindou.db.engine import Database, unavailable
from jindou.errors import Conflict

__all__ = ["DatabaseNewer", "migrate", "require_newest", "revision"]

_LOCK = 0x6A696E646F75
"""The advisory lock of whoever changes the schema."""


class DatabaseNewer(Conflict):
    """The database has a schema that only a newer Jindou knows."""

    code = "database_newer"


class DatabaseOlder(Conflict):
    """The database has the schema of an older Jindou."""

    code = "database_older"


def revision(database: Database) -> str | None:
    """Return the revision the database is at; None if it is empty."""
    with database.engine.execution_options(jindou_write=False).connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def require_newest(database: Database) -> None:
    """Let only a database of the newest schema pass.

    Raises:
        DatabaseUnavailable: the database is locked or gone.
        DatabaseOlder: it has to be brought to the newest schema first, which `jindou up` does.
        DatabaseNewer: a newer Jindou has been here.
    """
    try:
        with database.engine.execution_options(jindou_write=False).connect() as connection:
            current = _known_revision(connection)
    except (OperationalError, sqlite3.OperationalError) as error:
        raise unavailable(error) from error
    if current != _scripts().get_current_head():
        raise DatabaseOlder(f"The database is at revision {current}; `jindou up` brings it to the newest first.")


def migrate(database: Database, target: str = "head") -> None:
    """Bring the database to `target`, up or down, in one transaction where the database can.

    Raises:
        DatabaseUnavailable: the database is locked, full or gone; it is as it was.
        DatabaseNewer: a newer Jindou has been here.
    """
    config = _config()
    try:
        with database.engine.begin() as connection:
            if not database.is_sqlite:
                # Two that start at once: the second finds nothing left to do.
                connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
            if _known_revision(connection) == _scripts().get_current_head() and target == "head":
                return
            config.attributes["connection"] = connection
            if target == "base":
                command.downgrade(config, target)
            else:
                command.upgrade(config, target)
    except (OperationalError, sqlite3.OperationalError) as error:
        raise unavailable(error) from error


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


@cache
def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _known_revision(connection: Connection) -> str | None:
    """Return the revision that the database is at; a newer Jindou's is refused."""
    current = MigrationContext.configure(connection).get_current_revision()
    if current is not None and current not in {script.revision for script in _scripts().walk_revisions()}:
        raise DatabaseNewer(f"The database is at revision {current}, which this Jindou does not know. Use a newer one.")
    return current
