"""A walk over every boundary of a run: killed there in a process of its own, gone on with in another."""

import multiprocessing
import shutil
import signal
from collections.abc import Callable, Generator, Iterable
from pathlib import Path

import pytest

__all__ = ["walk"]

_FEWEST = 6
"""A run that ends before as many commits has hardly been killed at all."""

# The processes fork from a server that has imported everything and opened nothing, which saves a second each.
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["support.killable", "support.killable_control", "support.killable_compaction"])


def walk(
    main: Callable[[Path, int], None], fresh_home: Path, folder: Path, boundaries: Iterable[int]
) -> Generator[tuple[Path, int]]:
    """Yield a home for each boundary that `main` was killed at and then went on from, and the unkilled one as 0.

    `main` takes its home and the number of the commit that it dies at.
    """
    with pytest.MonkeyPatch.context() as patch:
        # The fork server of Python 3.11 finds its modules by this variable alone.
        patch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
        for boundary in boundaries:
            home = folder / str(boundary)
            shutil.copytree(fresh_home, home)
            first = _ended(main, home, boundary)
            if first == 0:
                assert boundary > _FEWEST, "The walk is too short to have been through the whole run."
                yield home, 0
                return
            assert first == -signal.SIGKILL
            assert _ended(main, home, 0) == 0
            yield home, boundary
    pytest.fail("The walk never reached the end of the run.")


def _ended(main: Callable[[Path, int], None], home: Path, kill_at: int) -> int | None:
    process = _PROCESSES.Process(target=main, args=(home, kill_at))
    process.start()
    process.join(timeout=180)
    return process.exitcode
