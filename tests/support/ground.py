"""A database in a folder, with two organisations in it and a clock that tests move."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from jindou.db import Database
from jindou.telemetry import Clock
from support.platform import FakeClock
from support.templates import lay_database

__all__ = ["OTHERS", "OURS", "open_database"]

OURS = "org_ours"
OTHERS = "org_others"


@contextmanager
def open_database(folder: Path, clock: Clock | None = None, busy_seconds: float = 5.0) -> Generator[Database]:
    """Open a migrated database in `folder`."""
    lay_database(folder / "jindou.db")
    database = Database(f"sqlite:///{folder / 'jindou.db'}", clock=clock or FakeClock(), busy_seconds=busy_seconds)
    try:
        yield database
    finally:
        database.close()
