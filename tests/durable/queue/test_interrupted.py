"""What a worker died at is taken up before anything new."""

from datetime import timedelta

import pytest

from jindou.db import Database
from jindou.durable.queue import Lease, Queue
from jindou.durable.queue.finding import finding
from support.ground import OTHERS, OURS
from support.platform import FakeClock

KINDS = ("run",)
LEASE = 30.0


@pytest.fixture
def queue() -> Queue:
    return Queue(LEASE)


def enqueue(database: Database, queue: Queue, subject: str, org_id: str = OURS) -> None:
    with database.writing(None) as work:
        queue.enqueue(work, "run", subject, org_id)


def claim(database: Database, queue: Queue) -> Lease | None:
    with database.writing(None) as work:
        return queue.claim(work, KINDS)


def subjects(database: Database, queue: Queue, count: int) -> list[str]:
    return [lease.subject if (lease := claim(database, queue)) is not None else "" for _ in range(count)]


def test_what_a_worker_died_at_comes_before_what_has_waited_longer(
    database: Database, queue: Queue, clock: FakeClock
) -> None:
    for number in range(3):
        enqueue(database, queue, f"{number} of others", OTHERS)
    clock.move(timedelta(seconds=1))
    enqueue(database, queue, "ours")
    assert set(subjects(database, queue, 2)) == {"0 of others", "ours"}
    clock.move(timedelta(seconds=LEASE + 1))
    assert subjects(database, queue, 4) == ["0 of others", "ours", "1 of others", "2 of others"]


def test_it_comes_first_at_the_start_after_a_kill_too(database: Database, queue: Queue, clock: FakeClock) -> None:
    enqueue(database, queue, "begun", OTHERS)
    assert subjects(database, queue, 1) == ["begun"]
    for number in range(3):
        enqueue(database, queue, f"new {number}", OURS)
    clock.move(timedelta(seconds=1))
    with database.writing(None) as work:
        assert queue.recover(work) == 1
    assert subjects(database, queue, 2) == ["begun", "new 0"]


def test_it_waits_where_its_organisation_has_as_much_under_way_as_it_may(database: Database, queue: Queue) -> None:
    for subject, org_id in (("first", OURS), ("second", OURS), ("of others", OTHERS)):
        enqueue(database, queue, subject, org_id)
    assert set(subjects(database, queue, 3)) == {"first", "second", "of others"}
    with database.writing(None) as work:
        assert queue.recover(work) == 3
    enqueue(database, queue, "new", OTHERS)
    narrow = Queue(LEASE, most_at_once=1)
    assert set(subjects(database, narrow, 2)) == {"first", "of others"}
    assert claim(database, narrow) is None


def test_what_a_worker_hands_over_keeps_its_place(database: Database, queue: Queue, clock: FakeClock) -> None:
    enqueue(database, queue, "begun")
    lease = claim(database, queue)
    assert lease is not None
    clock.move(timedelta(seconds=1))
    enqueue(database, queue, "new")
    clock.move(timedelta(seconds=1))
    with database.writing(None) as work:
        queue.release(work, lease, work.now(), untried=True)
    assert subjects(database, queue, 2) == ["begun", "new"]


def test_nothing_that_merely_waits_is_looked_through_for_it(database: Database) -> None:
    if not database.is_sqlite:
        pytest.skip("PostgreSQL plans by what is there.")
    first = finding(frozenset(KINDS), 1, by_server=False).first
    with database.reading(None) as work:
        text, ordered = first.compiled(work.driver.dialect)
        values = ordered(work.driver.plain({"now": work.moment()}))
        plan = [str(row) for row in work.driver.read(f"EXPLAIN QUERY PLAN {text}", values)]
    searched = [line for line in plan if "SEARCH task" in line or "SCAN task" in line]
    assert sum("ix_task_lost" in line for line in searched) == 2
    assert not [line for line in searched if "autoindex" in line]
