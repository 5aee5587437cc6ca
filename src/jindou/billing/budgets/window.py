"""The month and the minute that a time is in. Both are of UTC, for every organisation."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

__all__ = ["Window"]


@dataclass(frozen=True)
class Window:
    """The calendar month, such as ``2026-03``, and the minute, counted from 1970, that a time is in."""

    at: datetime
    month: str
    minute: int

    @classmethod
    def of(cls, at: datetime) -> "Window":
        """Return the window of an aware time."""
        at = at.astimezone(UTC)
        return cls(at, f"{at.year:04}-{at.month:02}", int(at.timestamp()) // 60)

    @cached_property
    def minute_begins(self) -> datetime:
        """When the minute began."""
        return self.at.replace(second=0, microsecond=0)

    @cached_property
    def minute_ends(self) -> datetime:
        """When the next minute begins."""
        return self.minute_begins + timedelta(minutes=1)

    @cached_property
    def month_begins(self) -> datetime:
        """When the month began."""
        return self.at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)

    @cached_property
    def month_ends(self) -> datetime:
        """When the next month begins."""
        return (self.month_begins + timedelta(days=32)).replace(day=1)
