"""A price book that follows its files, so that a price holds seconds after it was set, without a restart."""

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from jindou.billing.pricing.service import PriceBook
from jindou.errors import Invalid
from jindou.telemetry import get_logger

__all__ = ["PriceWatch"]

_LOOK_SECONDS: Final = 2.0
_log = get_logger(__name__)

_Mark = tuple[str, int, int]
"""A file, when it was written, and its size."""


class PriceWatch:
    """Keeps `book` as `read` has it, which is asked when one of `places`, files or folders of files, has changed.

    Prices that can't be read change nothing.

    Raises:
        Invalid: as `read` says, the first time.
    """

    def __init__(self, read: Callable[[], PriceBook], places: Sequence[Path]) -> None:
        self._read = read
        self._places = places
        self._seen = self._marks()
        self.book = read()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="prices", daemon=True)

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def stop(self) -> None:
        """Leave the book as it is."""
        self._stopping.set()

    def look(self) -> None:
        """Read again what has changed since the last look."""
        marks = self._marks()
        if marks == self._seen:
            return
        self._seen = marks
        try:
            self.book.renew(self._read())
        except Invalid as error:
            _log.warning("prices not read", extra={"fields": {"error": error.message}})
        else:
            _log.info("prices read again")

    def _follow(self) -> None:
        while not self._stopping.wait(_LOOK_SECONDS):
            self.look()

    def _marks(self) -> tuple[_Mark, ...]:
        return tuple(mark for place in self._places for mark in _marks(place))


def _marks(place: Path) -> Iterator[_Mark]:
    try:
        yield _mark(place)
        for file in sorted(place.iterdir()) if place.is_dir() else ():
            yield _mark(file)
    except OSError:
        return  # It is not there, or goes just now, which the next look sees.


def _mark(file: Path) -> _Mark:
    seen = file.stat()
    return str(file), seen.st_mtime_ns, seen.st_size
