"""Waiting for what comes by itself: of another thread, another process, or a page."""

import time
from collections.abc import Callable
from typing import TypeVar

import pytest

__all__ = ["wait_for"]

_SECONDS = 60.0
_PAUSE_SECONDS = 0.02

T = TypeVar("T")


def wait_for(look: Callable[[], T | None], seconds: float = _SECONDS) -> T:
    """Look until what is seen is there, not empty and not false, and return it; the test fails if it never is.

    `seconds` bounds a failure; a test of what is slow on a busy machine has no reason to make it short.
    """
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        if time.monotonic() > deadline:
            pytest.fail(f"It never came to that: {seen!r} after {seconds:g} seconds.")
        time.sleep(_PAUSE_SECONDS)
    return seen
