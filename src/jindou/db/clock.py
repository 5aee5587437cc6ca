"""The time of the database's server, which every process that shares it agrees on."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from jindou.telemetry import SystemClock

__all__ = ["ServerClock"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ServerClock:
    """Read from the server with each new connection, and carried on by this machine's steady clock in between.

    So it does not matter how this machine's own clock stands, or who moves it.
    """

    def __init__(self) -> None:
        self._started = SystemClock().now().timestamp() - time.monotonic()

    def now(self) -> datetime:
        """Return the server's time, aware, in UTC."""
        return _EPOCH + timedelta(seconds=self._started + time.monotonic())

    def read(self, connection: Any, _record: object) -> None:
        """Ask the server at the other end of a new connection of the driver."""
        cursor = connection.cursor()
        asked = time.monotonic()
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
        told = float(cursor.fetchone()[0])
        self._started = told - (asked + time.monotonic()) / 2
        cursor.close()
        connection.rollback()
