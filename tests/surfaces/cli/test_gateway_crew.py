"""What the workers of a gateway are told when the process that keeps them is: by workers that write it down."""

import multiprocessing
import os
import signal
from collections.abc import Generator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path

from support import crewed
from support.waiting import wait_for

SIZE = 6


@contextmanager
def crew(folder: Path, end_seconds: float, seconds: float) -> Generator[BaseProcess]:
    """Have a crew whose workers have come up; in the end it has ended by itself, and in order."""
    process = multiprocessing.get_context("spawn").Process(
        target=crewed.main, args=(folder, SIZE, end_seconds, seconds)
    )
    process.start()
    try:
        wait_for(lambda: written(folder) == ["up "] * SIZE)
        yield process
        process.join(60)
        assert process.exitcode == 0
    finally:
        process.kill()
        process.join()


def written(folder: Path) -> list[str]:
    """Return what the workers have written down."""
    return [path.read_text() for path in folder.iterdir()]


def tell(process: BaseProcess, number: signal.Signals) -> None:
    assert process.pid is not None
    os.kill(process.pid, number)


def test_each_worker_gets_one_signal_for_one(tmp_path: Path) -> None:
    with crew(tmp_path, end_seconds=30.0, seconds=0.5) as process:
        tell(process, signal.SIGTERM)
    assert written(tmp_path) == ["up signal ended"] * SIZE


def test_each_worker_gets_a_second_signal_for_a_second_one(tmp_path: Path) -> None:
    with crew(tmp_path, end_seconds=30.0, seconds=2.0) as process:
        tell(process, signal.SIGINT)
        wait_for(lambda: written(tmp_path) == ["up signal "] * SIZE)
        tell(process, signal.SIGTERM)
    assert written(tmp_path) == ["up signal signal ended"] * SIZE


def test_a_worker_that_does_not_end_in_time_is_killed(tmp_path: Path) -> None:
    with crew(tmp_path, end_seconds=1.0, seconds=600.0) as process:
        tell(process, signal.SIGTERM)
    assert written(tmp_path) == ["up signal "] * SIZE
