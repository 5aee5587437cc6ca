"""The time of the database's server, which every process that shares it agrees on."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from jindou.telemetry import SystemClock

__all__ = ["ServerClock"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


_LASTS = 2.0
"""Seconds until it is read again; the server's clock may have been set meanwhile."""
_EXACT = 0.05
"""Seconds by which it is not put right, because what was read is no more exact than what is known."""
_ASK = b"BEGIN; SELECT extract(epoch FROM clock_timestamp())"


class ServerClock:
    """Read from the server every few seconds, and carried on by this machine's steady clock in between.

    So it does not matter how this machine's own clock stands, or who moves it.
    """

    def __init__(self) -> None:
        self._started = SystemClock().now().timestamp() - time.monotonic()
        self._read_at = -_LASTS

    def now(self) -> datetime:
        """Return the server's time, aware, in UTC."""
        return _EPOCH + timedelta(seconds=self._started + time.monotonic())

    def steady(self) -> float:
        """Return seconds since some time in the past, which nobody who sets a clock changes."""
        return time.monotonic()

    def begin(self, connection: Any) -> Any:
        """Begin a transaction of psycopg's, and return libpq's result; on the way the time is read if it is due."""
        asked = time.monotonic()
        if asked - self._read_at < _LASTS:
            return connection.exec_(b"BEGIN")
        result = connection.exec_(_ASK)
        if result.ntuples:
            answered = time.monotonic()
            self._put_right(float(result.get_value(0, 0)) - (asked + answered) / 2, (answered - asked) / 2)
            self._read_at = answered
        return result

    def _put_right(self, started: float, doubt: float) -> None:
        if abs(started - self._started) > doubt + _EXACT:
            self._started = started
