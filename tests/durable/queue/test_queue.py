"""A task is done by one worker at a time, and is never forgotten."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from jindou.agents.conversations.tables import ConversationRow
from jindou.db import Database, Work
from jindou.durable.queue import Lease, LeaseLost, Queue
from jindou.telemetry import SystemClock
from support.ground import OTHERS, OURS
from support.platform import FakeClock
from support.servers import Server

KINDS = ("run",)
LEASE = 30.0


@pytest.fixture
def queue() -> Queue:
    return Queue(LEASE)


def enqueue(
    database: Database, queue: Queue, subject: str = "run_1", after: float = 0.0, of: tuple[str, str] = (OURS, "")
) -> None:
    org_id, person_id = of
    with database.writing(None) as work:
        queue.enqueue(work, "run", subject, org_id, work.now() + timedelta(seconds=after), person_id=person_id)


def claim(database: Database, queue: Queue) -> Lease | None:
    with database.writing(None) as work:
        return queue.claim(work, KINDS)


def claimed(database: Database, queue: Queue) -> Lease:
    lease = claim(database, queue)
    assert lease is not None
    return lease


def waiting(database: Database, queue: Queue) -> int:
    with database.reading(None) as work:
        return queue.waiting(work, "run")


def test_a_task_is_held_by_one_worker_only(database: Database, queue: Queue) -> None:
    enqueue(database, queue)
    lease = claimed(database, queue)
    assert (lease.subject, lease.org_id, lease.attempts) == ("run_1", OURS, 1)
    assert claim(database, queue) is None


def test_tasks_are_taken_in_the_order_they_have_waited(database: Database, queue: Queue, clock: FakeClock) -> None:
    enqueue(database, queue, "later", after=2)
    enqueue(database, queue, "sooner", after=1)
    clock.move(timedelta(seconds=5))
    assert [claimed(database, queue).subject for _ in range(2)] == ["sooner", "later"]


def test_a_task_of_another_kind_is_left_alone(database: Database, queue: Queue) -> None:
    with database.writing(None) as work:
        queue.enqueue(work, "approval.expire", "apr_1", OURS)
    assert claim(database, queue) is None


def test_a_task_for_later_waits_for_its_time(database: Database, queue: Queue, clock: FakeClock) -> None:
    enqueue(database, queue, after=60)
    assert claim(database, queue) is None
    clock.move(timedelta(seconds=60))
    assert claim(database, queue) is not None


def test_asking_for_a_task_sooner_brings_it_forward_and_never_back(database: Database, queue: Queue) -> None:
    enqueue(database, queue, after=60)
    enqueue(database, queue)
    enqueue(database, queue, after=120)
    assert claim(database, queue) is not None


def test_a_task_asked_for_in_a_transaction_that_fails_is_not_there(database: Database, queue: Queue) -> None:
    def ask_and_fail(work: Work) -> None:
        queue.enqueue(work, "run", "run_1", OURS)
        raise KeyError

    with pytest.raises(KeyError), database.writing(OURS) as work:
        ask_and_fail(work)
    assert waiting(database, queue) == 0


def test_a_lease_that_runs_out_is_taken_over(database: Database, queue: Queue, clock: FakeClock) -> None:
    enqueue(database, queue)
    first = claimed(database, queue)
    clock.move(timedelta(seconds=LEASE))
    assert claim(database, queue) is None
    clock.move(timedelta(seconds=1))
    second = claimed(database, queue)
    assert second.id != first.id
    assert (second.attempts, second.lost) == (1, 1), "Its worker died: that is no attempt that failed."


def test_a_lease_that_is_held_on_to_is_not_taken_over(database: Database, queue: Queue, clock: FakeClock) -> None:
    enqueue(database, queue)
    lease = claimed(database, queue)
    for _ in range(4):
        clock.move(timedelta(seconds=LEASE / 2))
        with database.writing(None) as work:
            queue.hold(work, lease)
    assert claim(database, queue) is None


def test_what_a_loser_wrote_is_rolled_back(database: Database, queue: Queue, clock: FakeClock) -> None:
    enqueue(database, queue)
    loser = claimed(database, queue)
    clock.move(timedelta(seconds=LEASE + 1))
    winner = claimed(database, queue)

    def write_and_hold(work: Work) -> None:
        at = work.now()
        work.session.add(
            ConversationRow(id="cnv_1", assistant="a", person_id="p", title="t", created_at=at, updated_at=at)
        )
        queue.hold(work, loser)

    with pytest.raises(LeaseLost), database.writing(OURS) as work:
        write_and_hold(work)
    with pytest.raises(LeaseLost), database.writing(None) as work:
        queue.done(work, loser)
    with pytest.raises(LeaseLost), database.writing(None) as work:
        queue.release(work, loser, clock.now())
    with database.writing(OURS) as work:
        assert list(work.session.scalars(select(ConversationRow))) == []
        queue.done(work, winner)
    assert waiting(database, queue) == 0


def test_a_wake_that_comes_while_a_worker_is_at_it_is_not_lost(database: Database, queue: Queue) -> None:
    enqueue(database, queue)
    lease = claimed(database, queue)
    enqueue(database, queue)
    with database.writing(None) as work:
        queue.done(work, lease)
    again = claimed(database, queue)
    with database.writing(None) as work:
        queue.done(work, again)
    assert claim(database, queue) is None
    assert waiting(database, queue) == 0


def test_a_task_given_back_waits_until_its_time(database: Database, queue: Queue, clock: FakeClock) -> None:
    enqueue(database, queue)
    lease = claimed(database, queue)
    with database.writing(None) as work:
        queue.release(work, lease, work.now() + timedelta(seconds=8))
    assert claim(database, queue) is None
    clock.move(timedelta(seconds=8))
    assert claimed(database, queue).attempts == 2


def test_progress_and_a_lease_that_tried_nothing_do_not_count_as_attempts(database: Database, queue: Queue) -> None:
    enqueue(database, queue)
    for _ in range(9):
        lease = claimed(database, queue)
        assert lease.attempts == 1
        with database.writing(None) as work:
            queue.release(work, lease, work.now(), untried=True)
    lease = claimed(database, queue)
    with database.writing(None) as work:
        queue.hold(work, lease, progress=True)
        queue.release(work, lease, work.now())
    assert claimed(database, queue).attempts == 2, "What failed came after the progress."


def test_making_leases_longer_together_is_no_progress(database: Database, queue: Queue) -> None:
    enqueue(database, queue)
    lease = claimed(database, queue)
    assert not lease.has_failed
    with database.writing(None) as work:
        queue.release(work, lease, work.now())
    lease = claimed(database, queue)
    assert lease.has_failed
    with database.writing(None) as work:
        assert queue.hold_some(work, [lease]) == {lease.id}
        queue.release(work, lease, work.now())
    assert claimed(database, queue).attempts == 3


def test_a_start_frees_what_a_killed_process_held(database: Database, queue: Queue) -> None:
    for subject in ("run_1", "run_2", "run_3"):
        enqueue(database, queue, subject)
    claimed(database, queue)
    claimed(database, queue)
    with database.writing(None) as work:
        assert queue.recover(work) == 2
    assert sorted(claimed(database, queue).lost for _ in range(3)) == [0, 1, 1]


def test_a_person_with_forty_runs_does_not_keep_others_waiting(database: Database, queue: Queue) -> None:
    for n in range(40):
        enqueue(database, queue, f"run_a{n}", of=(OURS, "prs_a"))
    enqueue(database, queue, "run_b", of=(OURS, "prs_b"))
    enqueue(database, queue, "run_c", of=(OTHERS, "prs_c"))
    first = {claimed(database, queue).subject for _ in range(4)}
    assert {"run_b", "run_c"} < first


def test_what_people_wait_for_comes_before_what_is_in_the_background(database: Database, queue: Queue) -> None:
    with database.writing(None) as work:
        queue.enqueue(work, "run", "nightly", OURS, background=True)
    enqueue(database, queue, "asked")
    assert [claimed(database, queue).subject for _ in range(2)] == ["asked", "nightly"]


def test_an_organisation_has_no_more_under_way_than_it_may(database: Database) -> None:
    queue = Queue(LEASE, most_at_once=2)
    for n in range(3):
        enqueue(database, queue, f"run_{n}")
    enqueue(database, queue, "run_of_others", of=(OTHERS, ""))
    mine = [claimed(database, queue) for _ in range(3)]
    assert sorted(lease.org_id for lease in mine) == [OTHERS, OURS, OURS]
    assert claim(database, queue) is None
    with database.writing(None) as work:
        queue.done(work, next(lease for lease in mine if lease.org_id == OURS))
    assert claimed(database, queue).org_id == OURS


def test_an_older_worker_leaves_alone_what_a_newer_one_has_had(database: Database) -> None:
    old, new = Queue(LEASE), Queue(LEASE, version=2)
    enqueue(database, old)
    lease = claimed(database, new)
    with database.writing(None) as work:
        new.release(work, lease, work.now())
    assert claim(database, old) is None
    assert claim(database, new) is not None


def test_what_loses_its_workers_again_and_again_is_only_done_alone(
    database: Database, queue: Queue, clock: FakeClock
) -> None:
    enqueue(database, queue)
    for _ in range(2):
        assert not claimed(database, queue).is_suspect
        clock.move(timedelta(seconds=LEASE + 1))
    enqueue(database, queue, "run_2")
    with database.writing(None) as work:
        assert queue.claim(work, KINDS, suspects=False) is None, "It has waited long enough for others to make room."
    lease = claimed(database, queue)
    assert (lease.subject, lease.is_suspect) == ("run_1", True)
    with database.writing(None) as work:
        other = queue.claim(work, KINDS, suspects=False)
    assert other is not None
    assert other.subject == "run_2"


def test_a_suspect_that_makes_progress_is_none_any_more(database: Database, queue: Queue, clock: FakeClock) -> None:
    enqueue(database, queue)
    for _ in range(2):
        claimed(database, queue)
        clock.move(timedelta(seconds=LEASE + 1))
    lease = claimed(database, queue)
    with database.writing(None) as work:
        assert queue.is_suspect(work, lease)
        queue.hold(work, lease, progress=True)
        assert not queue.is_suspect(work, lease)
    clock.move(timedelta(seconds=LEASE + 1))
    assert claimed(database, queue).lost == 1


def test_a_clock_that_was_set_back_keeps_nothing_waiting(database: Database, queue: Queue, clock: FakeClock) -> None:
    enqueue(database, queue, "asked")
    enqueue(database, queue, "given back", after=2)
    enqueue(database, queue, "tomorrow", after=86400)
    enqueue(database, queue, "of a dead worker")
    with database.writing(None) as work:
        held = queue.claim(work, KINDS)
    assert held is not None
    clock.move(timedelta(hours=-1))
    assert claim(database, queue) is None
    with database.writing(None) as work:
        queue.clock_went_back(work, timedelta(hours=1))
    assert {claimed(database, queue).subject for _ in range(2)} == {"asked", "given back", "of a dead worker"} - {
        held.subject
    }
    clock.move(timedelta(seconds=LEASE + 1))
    assert claim(database, queue) is not None


def test_tasks_that_are_missing_are_named(database: Database, queue: Queue) -> None:
    enqueue(database, queue, "run_1")
    with database.reading(None) as work:
        assert queue.missing(work, "run", ["run_1", "run_2"]) == ["run_2"]


def test_leases_run_by_the_clock_of_the_server_whatever_a_worker_believes(server: Server) -> None:
    database = Database(server.create())
    queue = Queue(LEASE)
    enqueue(database, queue)
    claimed(database, queue)
    assert abs(database.clock.now() - SystemClock().now()) < timedelta(minutes=1)
    with database.reading(None) as work:
        assert not queue.due(work, KINDS)
        assert abs(queue.now(work) - SystemClock().now()) < timedelta(minutes=1)
    database.close()
