"""What may not be written down while it is in use: the log asks here before it writes a line."""

from collections.abc import Callable, Generator
from contextlib import contextmanager

__all__ = ["hiding", "scrubbed"]

_scrubs: list[Callable[[str], str]] = []


@contextmanager
def hiding(scrub: Callable[[str], str]) -> Generator[None]:
    """Have `scrub` go over everything that this process logs, until the block ends."""
    _scrubs.append(scrub)
    try:
        yield
    finally:
        _scrubs.remove(scrub)


def scrubbed(text: str) -> str:
    """Return `text` without what is to be hidden now."""
    for scrub in tuple(_scrubs):
        text = scrub(text)
    return text
