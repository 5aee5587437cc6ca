"""The database and its transactions. Time and randomness come in with it, so that a test can hold them still."""

import os
import sqlite3
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from jindou.db.session import Work, open_session
from jindou.errors import Unavailable
from jindou.ids import IdMaker
from jindou.telemetry import Clock, SystemClock

__all__ = ["Database", "DatabaseUnavailable"]

_BUSY_SECONDS = 10.0
_PASSING = frozenset({"BUSY", "LOCKED", "FULL", "IOERR", "CANTOPEN", "READONLY", "PROTOCOL"})


class DatabaseUnavailable(Unavailable):
    """The database is locked, full or gone."""

    code = "database_unavailable"


class Database:
    """Opens units of work on the database at `url`.

    On SQLite a writer takes the write lock when it begins, so that it never fails half-way for want of it; every
    commit is on disk (WAL, `synchronous=FULL`) before it returns.
    """

    def __init__(
        self, url: str, *, clock: Clock | None = None, random_bytes: Callable[[int], bytes] = os.urandom
    ) -> None:
        self.clock = clock or SystemClock()
        self._random_bytes = random_bytes
        self._ids = IdMaker(random_bytes)
        self._turn = threading.Lock()
        self.is_sqlite = url.startswith("sqlite")
        self.engine: Engine = create_engine(url, pool_size=20, max_overflow=20, pool_timeout=_BUSY_SECONDS)
        if self.is_sqlite:
            event.listen(self.engine, "connect", _configure_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)

    @contextmanager
    def writing(self, org_id: str | None) -> Generator[Work]:
        """Open a unit of work that commits at the end, and rolls back on any error.

        `org_id` bounds what it sees; None is the platform itself, which sees every organisation.

        Raises:
            DatabaseUnavailable: the database is locked, full or gone; nothing was written.
        """
        if not self.is_sqlite:
            with self._work(org_id, write=True) as work:
                yield work
            return
        # Writers of one process queue here, fairly and without SQLite's sleeping retries.
        if not self._turn.acquire(timeout=_BUSY_SECONDS):
            raise DatabaseUnavailable("The database is busy; try again.")
        try:
            with self._work(org_id, write=True) as work:
                yield work
        finally:
            self._turn.release()
        work.run_after_commit()

    @contextmanager
    def reading(self, org_id: str | None) -> Generator[Work]:
        """Open a unit of work that only reads, on one snapshot.

        Raises:
            DatabaseUnavailable: the database is locked or gone.
        """
        with self._work(org_id, write=False) as work:
            yield work

    @contextmanager
    def _work(self, org_id: str | None, *, write: bool) -> Generator[Work]:
        bind = self.engine.execution_options(jindou_write=write)
        session: Session = open_session(bind, org_id)
        work = Work(session, org_id, self.clock, self._ids, self._random_bytes)
        try:
            yield work
            if write:
                session.commit()
        except OperationalError as error:
            session.rollback()
            if not _passes(error):
                raise
            raise DatabaseUnavailable(f"The database can't be used now ({error.orig}); try again.") from error
        except BaseException:
            session.rollback()
            raise
        finally:
            session.close()
        if write and not self.is_sqlite:
            work.run_after_commit()

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def _configure_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # SQLAlchemy, not the driver, says when a transaction begins: see _begin_sqlite.
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={int(_BUSY_SECONDS * 1000)}",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    options: dict[str, Any] = dict(connection.get_execution_options())
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("jindou_write", True) else "BEGIN")


def _passes(error: OperationalError) -> bool:
    """Say whether trying again may help. SQLite says "operational" of a wrong statement, too."""
    if isinstance(error.orig, sqlite3.OperationalError):
        return error.orig.sqlite_errorname.split("_")[1] in _PASSING
    return True
