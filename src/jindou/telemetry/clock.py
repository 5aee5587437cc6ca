"""The clock. It is passed down from the assembly, so that a test can hold time still."""

import time
from datetime import UTC, datetime
from typing import Protocol

__all__ = ["Clock", "SystemClock"]


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""
        ...

    def steady(self) -> float:
        """Return seconds since some time in the past, which nobody who sets the clock changes."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""
        return datetime.now(UTC)  # noqa: TID251 - the one place that reads the machine's clock

    def steady(self) -> float:
        """Return seconds since some time in the past, which nobody who sets the clock changes."""
        return time.monotonic()
