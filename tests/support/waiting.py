"""Waiting for what comes by itself: of another thread, another process, or a page."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import pytest

__all__ = ["result_of", "wait_for"]

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


def result_of(asked: Coroutine[Any, Any, T]) -> T:
    """Return what a coroutine comes to, where no event loop runs; the test fails if it comes to nothing."""
    return asyncio.run(asyncio.wait_for(asked, _SECONDS))
