"""The database and its transactions. Time and randomness come in with it, so that a test can hold them still."""

import os
import sqlite3
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

from jindou.db.clock import ServerClock
from jindou.db.joined import Joined
from jindou.db.session import Work
from jindou.db.together import Together
from jindou.errors import Unavailable
from jindou.ids import IdMaker
from jindou.telemetry import Clock, SystemClock

__all__ = ["Database", "DatabaseUnavailable", "unavailable"]

AskT = TypeVar("AskT")

_RECONNECT_SECONDS = 1800
"""Age of a connection that is not used again."""

_PREPARED_FROM = 2
_PREPARED_MOST = 400
"""Statements that a connection keeps prepared, from their third use on: a run has a hundred, and other work beside."""

_LINK = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}
"""What libpq is told, unless the URL says it: a machine that is gone without a word is noticed within half a minute."""
_IDLE_MS = 60_000
"""Until the server ends a transaction in which nothing is said: its process is frozen, or its machine gone, and others
wait for what it has locked."""

_TOGETHER = 16
_OURS = (DBAPIError, PoolTimeout, sqlite3.OperationalError)
_PASSING = frozenset({"BUSY", "LOCKED", "FULL", "IOERR", "CANTOPEN", "READONLY", "PROTOCOL"})


class DatabaseUnavailable(Unavailable):
    """The database is locked, full or gone."""

    code = "database_unavailable"


class Database:
    """Opens units of work on the database at `url`.

    On SQLite a writer takes the write lock when it begins, so that it never fails half-way for want of it; every
    commit is on disk (WAL, `synchronous=FULL`) before it returns. Without a `clock` it is the machine's on SQLite, and
    elsewhere the server's.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Clock | None = None,
        random_bytes: Callable[[int], bytes] = os.urandom,
        busy_seconds: float = 10.0,
    ) -> None:
        self.is_sqlite = url.startswith("sqlite")
        self.clock = clock or (SystemClock() if self.is_sqlite else ServerClock())
        self._random_bytes = random_bytes
        self._ids = IdMaker(random_bytes)
        self._turn = threading.Lock()
        self._busy_seconds = busy_seconds
        recycle = -1 if self.is_sqlite else _RECONNECT_SECONDS
        self.engine: Engine = create_engine(
            url,
            pool_size=20,
            max_overflow=20,
            pool_timeout=busy_seconds,
            pool_recycle=recycle,
            hide_parameters=True,
            connect_args=_link(url),
        )
        if self.is_sqlite:
            event.listen(self.engine, "connect", self._configure_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        event.listen(self.engine, "checkin", self._close_late)
        self._is_psycopg = self.engine.driver == "psycopg"
        if self._is_psycopg:
            event.listen(self.engine, "connect", _configure_psycopg)
        self._is_closed = False
        self._kept: Connection | None = None

    @contextmanager
    def writing(self, org_id: str | None) -> Generator[Work]:
        """Open a unit of work that commits at the end, and rolls back on any error.

        `org_id` bounds what it sees; None is the platform itself, which sees every organisation.

        Raises:
            DatabaseUnavailable: the database is locked, full or gone; nothing was written.
        """
        with self.joined() as joined:
            yield self.open(joined, org_id)

    @contextmanager
    def joined(self, *, shared: bool = False) -> Generator[Joined]:
        """Open a transaction for the units of work that `open` opens in it; it commits at the end, with all of them.

        Raises:
            DatabaseUnavailable: the database is locked, full or gone; nothing was written.
        """
        with self._turn_to_write():
            with self._transaction(write=True, shared=shared) as joined:
                yield joined
                joined.finish()
            # Still in turn, so that what is told after the commits is told in their order.
            joined.tell()

    def begin(self, stack: ExitStack, *, shared: bool) -> Joined:
        """Open a transaction as `joined` does, which ends with `stack`."""
        return stack.enter_context(self.joined(shared=shared))

    def together(
        self, prepare: Callable[[Work, Sequence[AskT]], Sequence[bool]], most: int = _TOGETHER
    ) -> Callable[[str, AskT], AbstractContextManager[Work]]:
        """Return what opens units of work that share transactions; see `Together`."""
        together = Together(self, prepare, most)

        @contextmanager
        def writing(org_id: str, ask: AskT) -> Generator[Work]:
            try:
                with together.writing(org_id, ask) as work:
                    yield work
            except _OURS as error:
                raise unavailable(error) from error

        return writing

    def broken(self, error: BaseException) -> Exception:
        """Return what to raise where it was somebody else who broke the transaction."""
        if isinstance(error, DatabaseUnavailable):
            return DatabaseUnavailable(error.message)
        return DatabaseUnavailable("Other work broke the transaction; try again.")

    def open(self, joined: Joined, org_id: str | None) -> Work:
        """Open a unit of work in a transaction; the one that was opened before has done what it does."""
        return Work(joined, org_id, self.clock, self._ids, self._random_bytes)

    @contextmanager
    def _turn_to_write(self) -> Generator[None]:
        """On SQLite the writers of one process queue here, without SQLite's sleeping retries."""
        if not self.is_sqlite:
            yield
            return
        if not self._turn.acquire(timeout=self._busy_seconds):
            raise DatabaseUnavailable("The database is busy; try again.")
        try:
            yield
        finally:
            self._turn.release()

    @contextmanager
    def reading(self, org_id: str | None) -> Generator[Work]:
        """Open a unit of work that only reads: on SQLite one snapshot, on a server what is committed by each statement.

        Raises:
            DatabaseUnavailable: the database is locked or gone.
        """
        with self._transaction(write=False) as joined:
            yield self.open(joined, org_id)

    @contextmanager
    def _transaction(self, *, write: bool, shared: bool = False) -> Generator[Joined]:
        """Open a transaction, which SQLAlchemy has no part in as long as nobody needs it there."""
        try:
            with self._connected(write=write) as connection:
                joined = Joined(connection, shared=shared)
                try:
                    yield joined
                    if write:
                        joined.commit()
                    else:
                        self._leave(connection)
                finally:
                    joined.end()
        except _OURS as error:
            raise unavailable(error) from error

    def _leave(self, connection: Connection) -> None:
        """End a transaction that only read, where the driver's own way would have every statement prepared anew."""
        if self._is_psycopg:
            driver: Any = connection.connection.driver_connection
            driver.pgconn.exec_(b"ROLLBACK")

    @contextmanager
    def _connected(self, *, write: bool) -> Generator[Connection]:
        """Open a connection whose transaction has begun. The writers of SQLite take turns, so one does for them all."""
        if not (write and self.is_sqlite):
            with self._begun() as connection:
                if self.is_sqlite:
                    _begin(connection, "BEGIN")
                yield connection
            return
        connection, self._kept = self._kept or self.engine.connect(), None
        try:
            _begin(connection, "BEGIN IMMEDIATE")
            yield connection
        except BaseException:
            connection.close()
            raise
        if self._is_closed:
            connection.close()
        else:
            self._kept = connection

    def _begun(self) -> Connection:
        """Return a connection whose transaction has begun, so that one which the server has closed does not go out.

        After a restart of the server all that lay in the pool are such, and nothing has been done in them yet.
        """
        connection = self.engine.connect()
        while self._is_psycopg and not self._begins(connection):
            is_new = not connection.info
            connection.invalidate()
            connection.close()
            if is_new:
                raise DatabaseUnavailable("The database has closed a new connection; try again.")
            connection = self.engine.connect()
        return connection

    def _begins(self, connection: Connection) -> bool:
        driver: Any = connection.connection.driver_connection
        clock = self.clock
        result = clock.begin(driver.pgconn) if isinstance(clock, ServerClock) else driver.pgconn.exec_(b"BEGIN")
        if result.error_message:
            return False
        connection.info["begun"] = True
        return True

    def close(self) -> None:
        """Close every connection; one that is in use is closed when it is given back."""
        self._is_closed = True
        kept, self._kept = self._kept, None
        if kept is not None:
            kept.close()
        self.engine.dispose()

    def _close_late(self, _connection: object, entry: ConnectionPoolEntry) -> None:
        if self._is_closed:
            entry.close()

    def _configure_sqlite(self, connection: sqlite3.Connection, _record: object) -> None:
        # SQLAlchemy, not the driver, says when a transaction begins: see _begin_sqlite.
        connection.isolation_level = None
        for pragma in (
            f"busy_timeout={int(self._busy_seconds * 1000)}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
        ):
            connection.execute(f"PRAGMA {pragma}").close()


def _configure_psycopg(connection: Any, _record: object) -> None:
    connection.prepare_threshold = _PREPARED_FROM
    connection.prepared_max = _PREPARED_MOST
    connection.execute(f"SET idle_in_transaction_session_timeout = {_IDLE_MS}")
    connection.commit()


def _link(url: str) -> dict[str, int]:
    told = make_url(url)
    is_psycopg = told.get_driver_name() == "psycopg"
    return {name: value for name, value in _LINK.items() if is_psycopg and name not in told.query}


def _begin(connection: Connection, text: str) -> None:
    driver: Any = connection.connection.dbapi_connection
    driver.execute(text).close()


def _begin_sqlite(connection: Connection) -> None:
    """Begin a transaction that SQLAlchemy is told of, unless it is one of ours that is under way."""
    driver: Any = connection.connection.dbapi_connection
    if not driver.in_transaction:
        is_write = connection.get_execution_options().get("jindou_write", True)
        _begin(connection, "BEGIN IMMEDIATE" if is_write else "BEGIN")


def unavailable(error: Exception) -> Exception:
    """Return what to raise for an error of the database: `DatabaseUnavailable` where trying again may help."""
    if isinstance(error, DBAPIError) and not isinstance(error, OperationalError) and not error.connection_invalidated:
        return error
    cause = error.orig if isinstance(error, DBAPIError) else error
    # SQLite says "operational" of a wrong statement, too.
    if isinstance(cause, sqlite3.OperationalError) and cause.sqlite_errorname.split("_")[1] not in _PASSING:
        return error
    return DatabaseUnavailable(f"The database can't be used now ({cause}); try again.")
