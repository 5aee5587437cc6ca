"""What a test run fetches once and keeps for the next; two processes that want the same thing wait for each other."""

import fcntl
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from jindou.models.catalogue import get_entry, pull

__all__ = ["CACHE", "fetch_model", "fetching"]

CACHE = Path.home() / ".cache" / "jindou"


@contextmanager
def fetching(name: str) -> Generator[None]:
    """Let nobody else fetch `name` meanwhile."""
    locks = CACHE / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    with (locks / name).open("a", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def fetch_model(name: str) -> Path:
    """Return the verified file of a model of the catalogue."""
    with fetching(name):
        return pull(get_entry(name), CACHE / "models", timeout=5.0, report=lambda _: None)
