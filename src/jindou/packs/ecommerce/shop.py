"""The shop's database: one SQLite file, made whole or not at all."""

import os
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection, Engine, create_engine, delete, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DatabaseError, OperationalError

from jindou.errors import Corrupt, Unavailable
from jindou.packs.ecommerce import tables
from jindou.packs.ecommerce.demo import fill

__all__ = ["Shop", "ShopBusy", "ShopUnreadable"]

_FILE = "shop.db"
_VERSION = 1
_SEED = 20
_PATIENCE = 10.0


class ShopBusy(Unavailable):
    """The shop's database does not answer now."""


class ShopUnreadable(Corrupt):
    """The file is no shop database of this version."""


class Shop:
    """The shop's database in a folder; made with demo data when there is none.

    Safe with several threads and processes; one waits up to `patience` seconds for another's writing. Close it when
    done.
    """

    def __init__(self, folder: Path, today: datetime, *, seed: int = _SEED, patience: float = _PATIENCE) -> None:
        self.path = folder / _FILE
        self._seed = seed
        self._today = today
        self._patience = patience
        if not self.path.exists():
            self._make()
        self.engine = _open(self.path, "WAL", self._patience)
        try:
            self._check()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    def reset(self) -> None:
        """Make the demo data anew, in one transaction: others see the old shop or the new one."""
        with self.write() as connection:
            for table in reversed(tables.metadata.sorted_tables):
                connection.execute(delete(table))
            fill(connection, self._seed, self._today)

    @contextmanager
    def read(self) -> Generator[Connection]:
        """Give a connection that sees one moment of the database.

        Raises:
            ShopBusy: the database does not answer.
            ShopUnreadable: the file is damaged.
        """
        with self._transaction("BEGIN") as connection:
            yield connection

    @contextmanager
    def write(self) -> Generator[Connection]:
        """Give the only connection that may write until it is left; commit then, or roll back on an error.

        Raises:
            ShopBusy: another writer kept the database for too long, or it can't be written.
            ShopUnreadable: the file is damaged.
        """
        with self._transaction("BEGIN IMMEDIATE") as connection:
            yield connection

    @contextmanager
    def _transaction(self, begin: str) -> Generator[Connection]:
        try:
            with self.engine.connect().execution_options(begin=begin) as connection, connection.begin():
                yield connection
        except OperationalError as error:
            raise ShopBusy(f"The shop database {self.path} does not answer ({error.orig}); try again.") from error
        except DatabaseError as error:
            if "malformed" in str(error.orig) or "not a database" in str(error.orig):
                raise self._unreadable() from error
            raise

    def _make(self) -> None:
        """Build the file beside its place and link it there, so that nobody ever sees half a shop."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with TemporaryDirectory(dir=self.path.parent, prefix=f"{_FILE}.") as beside:
                made = Path(beside) / _FILE
                self._build(made)
                _put_in_place(made, self.path)
        except (OSError, OperationalError) as error:
            raise ShopBusy(
                f"The shop database {self.path} can't be made ({_cause(error)}); check the folder."
            ) from error

    def _build(self, path: Path) -> None:
        engine = _open(path, "MEMORY", self._patience)
        try:
            with engine.begin() as connection:
                tables.metadata.create_all(connection)
                fill(connection, self._seed, self._today)
                connection.exec_driver_sql(f"PRAGMA user_version = {_VERSION}")
        finally:
            engine.dispose()

    def _check(self) -> None:
        with self.read() as connection:
            if connection.exec_driver_sql("PRAGMA user_version").scalar_one() != _VERSION:
                raise self._unreadable()

    def _unreadable(self) -> ShopUnreadable:
        return ShopUnreadable(f"{self.path} is no shop database of this version; move it away and start again.")


def _cause(error: OSError | OperationalError) -> object:
    return error.orig if isinstance(error, OperationalError) else error.strerror


def _put_in_place(beside: Path, place: Path) -> None:
    try:
        os.link(beside, place)
    except FileExistsError:
        return  # Another process was first, with the same shop.
    except OSError:
        beside.replace(place)  # A file system without links.


def _open(path: Path, journal: str, patience: float) -> Engine:
    engine = create_engine(URL.create("sqlite", database=str(path)), connect_args={"timeout": patience})

    def connected(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # Transactions begin where we say, not where the driver guesses.
        for pragma in (f"journal_mode = {journal}", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}").close()

    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begin)
    return engine
