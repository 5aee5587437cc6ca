"""What may not be written down while it is in use, and a while after: logs and the two standard streams ask here."""

import sys
import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from typing import Any, Final, TextIO, cast

__all__ = ["guard_streams", "hiding", "scrubbed"]

_LINGER: Final = 16
"""How many different ones stay hidden after their blocks: a thread that was begun in one may speak after it."""

_scrubs: list[Callable[[str], str]] = []
_ended: dict[Callable[[str], str], None] = {}
_lock = threading.Lock()
_here = threading.local()


@contextmanager
def hiding(scrub: Callable[[str], str]) -> Generator[None]:
    """Have `scrub` go over everything that this process logs or prints, until the block and some more have ended.

    What this thread itself prints in the block is not passed on at all: it may come in pieces.
    """
    with _lock:
        _scrubs.append(scrub)
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


def scrubbed(text: str) -> str:
    """Return `text` without what is to be hidden now."""
    if _scrubs or _ended:
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
