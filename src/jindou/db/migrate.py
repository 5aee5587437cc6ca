"""Bring a database to the newest schema: one Alembic chain for all rooms.

Nearly every process finds the newest schema there already, and needs no more than the number of its revision. Alembic
takes longer to load than all of our rooms together, so it comes with `jindou.db.bringing`, once there is something to
bring.
"""

import importlib
import sqlite3
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final

from sqlalchemy import Column, Connection, MetaData, String, Table, func, inspect, select
from sqlalchemy.exc import OperationalError

from jindou.db.engine import Database, unavailable
from jindou.errors import Conflict

__all__ = ["DatabaseNewer", "migrate", "require_newest", "revision", "revisions"]

_LOCK = 0x6A696E646F75
"""The advisory lock of whoever changes the schema."""
_VERSIONS: Final = Path(__file__).parent / "migrations" / "versions"
_VERSION: Final = Table("alembic_version", MetaData(), Column("version_num", String(32)))
"""Where Alembic writes down which revision a database is at."""


class DatabaseNewer(Conflict):
    """The database has a schema that only a newer Jindou knows."""

    code = "database_newer"


class DatabaseOlder(Conflict):
    """The database has the schema of an older Jindou."""

    code = "database_older"


def revision(database: Database) -> str | None:
    """Return the revision the database is at; None if it is empty."""
    with database.engine.execution_options(jindou_write=False).connect() as connection:
        return _revision(connection)


@cache
def revisions() -> tuple[str, ...]:
    """Return the revisions that this Jindou knows, the newest last: each file is named by the number of its own."""
    return tuple(sorted(path.name.partition("_")[0] for path in _VERSIONS.glob("[0-9]*.py")))


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
    if current != revisions()[-1]:
        raise DatabaseOlder(f"The database is at revision {current}; `jindou up` brings it to the newest first.")


def migrate(database: Database, target: str = "head") -> None:
    """Bring the database to `target`, up or down, in one transaction where the database can.

    Raises:
        DatabaseUnavailable: the database is locked, full or gone; it is as it was.
        DatabaseNewer: a newer Jindou has been here.
    """
    try:
        with database.engine.begin() as connection:
            if not database.is_sqlite:
                # Two that start at once: the second finds nothing left to do.
                connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
            if _known_revision(connection) == revisions()[-1] and target == "head":
                return
            _bring(connection, target)
    except (OperationalError, sqlite3.OperationalError) as error:
        raise unavailable(error) from error


def _bring(connection: Connection, target: str) -> None:
    bring: Callable[[Connection, str], None] = importlib.import_module("jindou.db.bringing").bring
    bring(connection, target)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table(_VERSION.name):
        return None
    return connection.scalars(select(_VERSION.c.version_num)).one_or_none()


def _known_revision(connection: Connection) -> str | None:
    """Return the revision that the database is at; a newer Jindou's is refused."""
    current = _revision(connection)
    if current is not None and current not in revisions():
        raise DatabaseNewer(f"The database is at revision {current}, which this Jindou does not know. Use a newer one.")
    return current
