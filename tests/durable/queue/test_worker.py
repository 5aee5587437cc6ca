"""Worker threads do what is in the queue, outlive what goes wrong, and stop when they are told to."""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from jindou.db import Database
from jindou.durable.queue import Lease, Queue, Worker
from jindou.errors import Unavailable
from jindou.telemetry import SystemClock
from support.ground import OURS, open_database

SECONDS = 60.0


@pytest.fixture
def database(tmp_path: Path) -> Generator[Database]:
    with open_database(tmp_path, SystemClock()) as database:
        yield database


@pytest.fixture
def queue() -> Queue:
    return Queue(lease_seconds=1.0)


@contextmanager
def working(database: Database, queue: Queue, handler: Callable[[Lease], None], threads: int = 2) -> Generator[Worker]:
    worker = Worker(database, queue, {"run": handler}, threads)
    worker.start()
    try:
        yield worker
    finally:
        worker.stop(SECONDS)
        worker.close()


def enqueue(database: Database, queue: Queue, *subjects: str) -> None:
    with database.writing(None) as work:
        for subject in subjects:
            queue.enqueue(work, "run", subject, OURS)


def test_threads_do_every_task_once(database: Database, queue: Queue) -> None:
    subjects = [f"run_{n}" for n in range(12)]
    enqueue(database, queue, *subjects)
    done: list[str] = []
    all_done = threading.Event()

    def handle(lease: Lease) -> None:
        with database.writing(None) as work:
            queue.done(work, lease)
        done.append(lease.subject)
        if len(done) == len(subjects):
            all_done.set()

    with working(database, queue, handle, threads=4):
        assert all_done.wait(SECONDS)
    assert sorted(done) == sorted(subjects)


def test_a_task_that_crashes_or_finds_a_part_missing_is_tried_again(database: Database, queue: Queue) -> None:
    enqueue(database, queue, "run_1")
    attempts: list[int] = []
    done = threading.Event()

    def handle(lease: Lease) -> None:
        attempts.append(lease.attempts)
        if len(attempts) == 1:
            raise ZeroDivisionError
        with database.writing(None) as work:
            queue.done(work, lease)
        done.set()

    with working(database, queue, handle):
        assert done.wait(SECONDS)
    assert attempts == [1, 2]


def test_a_known_failure_gives_the_task_back_for_later(database: Database, queue: Queue) -> None:
    enqueue(database, queue, "run_1")
    attempts: list[int] = []
    twice = threading.Event()

    def handle(lease: Lease) -> None:
        attempts.append(lease.attempts)
        if len(attempts) == 2:
            twice.set()
        raise Unavailable("The engine does not answer.")

    with working(database, queue, handle):
        assert twice.wait(SECONDS)
    with database.reading(None) as work:
        assert queue.waiting(work, "run") == 1
        assert not queue.due(work, ("run",)), "It waits before it is tried again."


def test_a_long_task_keeps_its_lease(database: Database) -> None:
    # Long enough that its holder comes to run in time on a busy machine, too.
    queue = Queue(lease_seconds=3.0)
    enqueue(database, queue, "run_1")
    began: list[str] = []
    over = threading.Event()

    def handle(lease: Lease) -> None:
        began.append(lease.id)
        threading.Event().wait(queue.lease_time.total_seconds() * 2)
        with database.writing(None) as work:
            queue.done(work, lease)
        over.set()

    with working(database, queue, handle, threads=3):
        assert over.wait(SECONDS)
    assert len(began) == 1


def test_stopping_waits_for_the_task_under_way_but_not_for_ever(database: Database, queue: Queue) -> None:
    enqueue(database, queue, "run_1", "run_2", "run_3")
    began, go_on = threading.Semaphore(0), threading.Event()

    def handle(_lease: Lease) -> None:
        began.release()
        go_on.wait(SECONDS)

    with working(database, queue, handle, threads=3) as worker:
        for _ in range(3):
            assert began.acquire(timeout=SECONDS)
        assert not worker.stop(0.1), "It came back while the tasks were still under way."
        go_on.set()
        assert worker.stop(SECONDS)


def test_stopping_a_worker_that_never_started_is_fine(database: Database, queue: Queue) -> None:
    Worker(database, queue, {}, 2).stop(1.0)
