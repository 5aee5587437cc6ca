"""Tools that are held while something else happens to their run."""

import threading
from collections.abc import Generator
from contextlib import contextmanager

import pytest

from jindou.agents.runs import RunDetail
from jindou.agents.tools import Checked, Doorway
from support.desk import Desk

__all__ = ["HeldTools", "at_work", "settled"]


class HeldTools:
    """Every call of a tool waits for `go`, before its effect or behind it."""

    def __init__(self, patch: pytest.MonkeyPatch, *, behind: bool = False) -> None:
        self.begun = threading.Semaphore(0)
        self.go = threading.Event()
        execute = Doorway.execute

        def held(doorway: Doorway, checked: Checked) -> dict[str, object]:
            result = execute(doorway, checked) if behind else None
            self.begun.release()
            assert self.go.wait(60)
            return result or execute(doorway, checked)

        patch.setattr(Doorway, "execute", held)


@contextmanager
def at_work(desk: Desk) -> Generator[threading.Thread]:
    """Move the next run on in a thread of its own, as a worker does."""
    segment = threading.Thread(target=desk.platform.runner.run, args=(desk.claim(),))
    segment.start()
    yield segment
    segment.join(60)
    assert not segment.is_alive()


def settled(desk: Desk, run_id: str) -> RunDetail:
    """Return the run once what became of its last tool is known; a tool that was left writes that by itself."""
    for thread in threading.enumerate():
        if thread.name == "tool":
            thread.join(60)
    return desk.get(run_id)
