"""What may not be written down while it is in use, and a while after: logs and the two standard streams ask here."""

import re
import sys
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple, Protocol, TextIO, cast

__all__ = ["Scrub", "guard_streams", "hiding", "hints_of", "may_tell", "scrubbed"]

_LINGER: Final = 16
"""How many different ones stay hidden after their blocks: a thread that was begun in one may speak after it."""

_LONG: Final = 16
_WINDOW: Final = 8
_STRIDE: Final = 9
_SHORT_WINDOW: Final = 6
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class _Watch(NamedTuple):
    """What to look for in a text: `hints` at every ninth place, those of other `lengths` at every one."""

    hints: frozenset[str]
    lengths: frozenset[int]
    seen: Callable[[str], Iterator[str]]


class Scrub(Protocol):
    """Takes something out of texts. Of every text that it would change, what `seen` makes of it has one of `hints`."""

    @property
    def hints(self) -> frozenset[str]:
        """What `hints_of` makes of all that it looks for."""
        ...

    @staticmethod
    def seen(text: str) -> Iterator[str]:
        """Yield what a text is to it."""
        ...

    def __call__(self, text: str) -> str:
        """Return `text` without it."""
        ...


_scrubs: list[Scrub] = []
_ended: dict[Scrub, None] = {}
_watch: "_Watch | None" = None
_lock = threading.Lock()
_here = threading.local()


def hints_of(shapes: Iterable[str]) -> frozenset[str]:
    """Return pieces of `shapes`, few of which have to be looked for in a text to know that none of those is in it.

    Of a long shape these are such that one of them begins at every ninth place; of a short one it is its beginning.
    """
    found: set[str] = set()
    for shape in shapes:
        if len(shape) >= _LONG:
            found.update(shape[at : at + _WINDOW] for at in range(_STRIDE))
        else:
            found.add(shape[:_SHORT_WINDOW])
    return frozenset(found)


def may_tell(text: str) -> bool:
    """Say whether `text` may have something in it that is hidden now: in a few microseconds, and never wrongly no.

    Several texts may be asked about at once, with line ends between them.
    """
    watch = _watch
    if watch is None:
        return False
    if not text.isascii() and _SURROGATE.search(text):
        return True  # A half of a character keeps other escapes in the text from being undone.
    return any(_has_hint(watch, seen) for seen in watch.seen(text))


def _has_hint(watch: _Watch, seen: str) -> bool:
    if not watch.hints.isdisjoint([seen[at : at + _WINDOW] for at in range(0, len(seen), _STRIDE)]):
        return True
    return any(
        not watch.hints.isdisjoint([seen[at : at + length] for at in range(len(seen) - length + 1)])
        for length in watch.lengths
    )


@contextmanager
def hiding(scrub: Scrub) -> Generator[None]:
    """Have `scrub` go over everything that this process logs or prints, until the block and some more have ended.

    What this thread itself prints in the block is not passed on at all: it may come in pieces.
    """
    with _lock:
        _scrubs.append(scrub)
        _renew_watch()
    before, _here.is_hiding = _is_hiding(), True
    try:
        yield
    finally:
        _here.is_hiding = before
        with _lock:
            _ended.pop(scrub, None)
            _ended[scrub] = None
            if len(_ended) > _LINGER:
                _ended.pop(next(iter(_ended)))
            _scrubs.remove(scrub)
            _renew_watch()


def _renew_watch() -> None:
    global _watch  # noqa: PLW0603 - what is hidden is the process's
    scrubs = [*_scrubs, *_ended]
    hints = frozenset[str]().union(*(scrub.hints for scrub in scrubs))
    _watch = _Watch(hints, frozenset(map(len, hints)) - {_WINDOW}, scrubs[0].seen) if scrubs else None


def scrubbed(text: str) -> str:
    """Return `text` without what is to be hidden now."""
    if may_tell(text):
        with _lock:
            scrubs = dict.fromkeys((*_scrubs, *_ended))
        for scrub in scrubs:
            text = scrub(text)
    return text


def guard_streams() -> None:
    """Have what this process prints from now on pass through here."""
    if not isinstance(sys.stdout, _Guarded):
        sys.stdout = cast("TextIO", _Guarded(sys.stdout))
    if not isinstance(sys.stderr, _Guarded):
        sys.stderr = cast("TextIO", _Guarded(sys.stderr))


class _Guarded:
    """A stream that writes what is not hidden."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        if not _is_hiding():
            self._stream.write(scrubbed(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _is_hiding() -> bool:
    return getattr(_here, "is_hiding", False)
