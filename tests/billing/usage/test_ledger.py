"""The gateway's ledger: told is durable, one bad item harms no other, who left holds nothing, the dead are found."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from billing_site import CALL, CLERK, USED, Site, call, open_site
from sqlalchemy import func, select

from jindou.billing.budgets import BudgetExceeded
from jindou.billing.usage import Admission, AttemptClosed, Ledger, Quantities
from jindou.billing.usage.tables import MeterAttemptRow, MeterEventRow
from jindou.db import DatabaseUnavailable
from jindou.durable.queue import Queue
from jindou.errors import NotFound
from support.ground import OURS, open_database
from support.platform import FakeClock
from support.waiting import result_of, wait_for


@pytest.fixture
def queue() -> Queue:
    return Queue(lease_seconds=30)


@pytest.fixture
def ledger(site: Site, queue: Queue) -> Generator[Ledger]:
    ledger = Ledger(site.database, site.attempts, queue)
    ledger.start()
    yield ledger
    ledger.stop()


def statuses(site: Site) -> dict[str, int]:
    counted = select(MeterAttemptRow.status, func.count()).group_by(MeterAttemptRow.status)
    with site.database.reading(None) as work:
        return {row[0]: row[1] for row in work.session.execute(counted)}


def opened(ledger: Ledger) -> str:
    return result_of(ledger.open(call())).attempt_id


def test_what_was_told_is_in_the_database(site: Site, ledger: Ledger) -> None:
    made = site.budget(monthly_micro=10 * CALL)
    first, second, third, fourth = (opened(ledger) for _ in range(4))
    assert statuses(site) == {"open": 4}
    assert result_of(ledger.settle(first, USED, engine="local")).micro == USED.tokens
    result_of(ledger.void(second, "refused"))
    result_of(ledger.lose(third, "died"))
    assert statuses(site) == {"open": 1, "settled": 1, "void": 1, "unknown": 1}
    with site.database.reading(OURS) as work:
        row = work.session.scalars(select(MeterEventRow)).one()
    assert (row.step_id, row.attempt, row.person_id, row.key_id) == (first, 1, CLERK.person_id, "key_1")
    assert (row.engine, row.run_id, row.month) == ("local", "", "2026-03")
    result_of(ledger.void(fourth, "refused"))
    assert site.counted(made.id) == site.sums()


def test_many_tasks_of_a_loop_share_batches_and_each_is_told_its_own(site: Site, ledger: Ledger) -> None:
    made = site.budget(monthly_micro=40 * CALL, rpm=1000)

    async def client(at: int) -> int:
        admission = await ledger.open(call(worst=Quantities(input_tokens=at)))
        return (await ledger.settle(admission.attempt_id, Quantities(input_tokens=at))).micro

    async def clients() -> list[int]:
        return await asyncio.gather(*(client(at) for at in range(100, 164)))

    assert asyncio.run(clients()) == list(range(100, 164))
    assert site.counted(made.id) == site.sums() == (sum(range(100, 164)), 0)
    assert site.wrong() == 0


def test_loops_that_race_for_the_last_calls_get_exactly_those(site: Site, ledger: Ledger) -> None:
    site.budget(monthly_micro=10 * CALL)

    async def clients() -> list[object]:
        return await asyncio.gather(*(ledger.open(call()) for _ in range(32)), return_exceptions=True)

    def asked() -> object:
        try:
            return result_of(ledger.open(call()))
        except BudgetExceeded as error:
            return error

    with ThreadPoolExecutor(18) as pool:
        loops = [pool.submit(asyncio.run, clients()) for _ in range(2)]
        others = [pool.submit(asked) for _ in range(16)]
        results = [result for loop in loops for result in loop.result()] + [other.result() for other in others]
    assert sum(isinstance(result, Admission) for result in results) == 10
    assert sum(isinstance(result, BudgetExceeded) for result in results) == 70


def test_an_attempt_is_settled_once_whoever_tries(site: Site, ledger: Ledger) -> None:
    attempt = opened(ledger)

    async def both() -> list[object]:
        settles = [ledger.settle(attempt, USED) for _ in range(5)]
        return list(await asyncio.gather(*settles, return_exceptions=True))

    results = asyncio.run(both())
    assert sum(isinstance(result, AttemptClosed) for result in results) == 4
    assert site.sums() == (USED.tokens, 0)
    with pytest.raises(NotFound):
        result_of(ledger.void("att_none", ""))
    result_of(ledger.lose(attempt, "late"))
    assert statuses(site) == {"settled": 1}


def test_what_another_process_closed_meanwhile_is_not_closed_again(site: Site, ledger: Ledger) -> None:
    made = site.budget(monthly_micro=40 * CALL)
    closed, lost, mine = (opened(ledger) for _ in range(3))
    with site.database.writing(OURS) as work:
        site.attempts.void(work, closed, "Somebody else said so.")
        site.attempts.lose(work, lost, "Its process seemed dead.")

    async def all_of_them() -> list[object]:
        settles = [ledger.settle(attempt, USED) for attempt in (closed, lost, mine)]
        return list(await asyncio.gather(*settles, return_exceptions=True))

    results = asyncio.run(all_of_them())
    assert [isinstance(result, AttemptClosed) for result in results] == [True, False, False]
    assert statuses(site) == {"void": 1, "settled": 2}
    assert site.counted(made.id) == site.sums() == (2 * USED.tokens, 0)


def test_an_item_that_the_database_refuses_harms_no_other(site: Site, ledger: Ledger) -> None:
    async def clients() -> list[object]:
        openings = [call(), call(org_id=None), call(), call(person_id=None), call()]
        return list(await asyncio.gather(*(ledger.open(of) for of in openings), return_exceptions=True))

    results = asyncio.run(clients())
    assert [isinstance(result, Admission) for result in results] == [True, False, True, False, True]
    assert statuses(site) == {"open": 3}


def test_nothing_is_held_for_whoever_left_before_they_were_told(site: Site, ledger: Ledger) -> None:
    made = site.budget(monthly_micro=10 * CALL)
    is_blocked, gate = threading.Event(), threading.Event()

    def block() -> None:
        with site.database.writing(None):
            is_blocked.set()
            gate.wait(60)

    async def leave() -> None:
        blocker = asyncio.get_running_loop().run_in_executor(None, block)
        await asyncio.get_running_loop().run_in_executor(None, is_blocked.wait, 60)
        task = asyncio.create_task(ledger.open(call()))
        await asyncio.sleep(0)
        task.cancel()
        gate.set()
        await blocker
        await ledger.open(call())
        await ledger.open(call())

    if site.database.is_sqlite:
        asyncio.run(leave())
        wait_for(lambda: statuses(site) == {"open": 2, "void": 1})
        assert site.counted(made.id) == (0, 2 * CALL)


def test_what_waits_when_the_ledger_stops_is_written_and_what_comes_later_is_refused(
    site: Site, ledger: Ledger
) -> None:
    async def clients() -> list[Admission]:
        tasks = [asyncio.create_task(ledger.open(call())) for _ in range(50)]
        await asyncio.sleep(0)
        await asyncio.get_running_loop().run_in_executor(None, ledger.stop)
        return await asyncio.gather(*tasks)

    assert len(asyncio.run(clients())) == 50
    assert statuses(site) == {"open": 50}
    with pytest.raises(DatabaseUnavailable):
        result_of(ledger.open(call()))


HOLDS = Callable[[], None]


def locked_by_another(folder: Path) -> tuple[HOLDS, HOLDS]:
    connection = sqlite3.connect(folder / "jindou.db", isolation_level=None, check_same_thread=False)

    def lock() -> None:
        connection.execute("BEGIN IMMEDIATE")

    def unlock() -> None:
        connection.execute("ROLLBACK")
        connection.close()

    return lock, unlock


def test_a_locked_database_is_told_and_figures_are_written_once_it_is_free(tmp_path: Path, queue: Queue) -> None:
    with open_database(tmp_path, FakeClock(), busy_seconds=0.2) as database:
        site = open_site(database, FakeClock(), tmp_path)
        ledger = Ledger(database, site.attempts, queue)
        ledger.start()
        attempt = opened(ledger)
        lock, unlock = locked_by_another(tmp_path)
        lock()
        with pytest.raises(DatabaseUnavailable):
            result_of(ledger.open(call()))
        with pytest.raises(DatabaseUnavailable):
            result_of(ledger.settle(attempt, USED))
        assert statuses(site) == {"open": 1}
        unlock()
        result_of(ledger.open(call()))
        assert statuses(site) == {"open": 1, "settled": 1}
        assert site.sums()[0] == USED.tokens
        ledger.stop()


def test_what_a_live_process_has_under_way_is_not_called_unknown(site: Site, ledger: Ledger, queue: Queue) -> None:
    attempt = opened(ledger)
    other = Ledger(site.database, site.attempts, queue)
    other.start()
    with site.database.writing(None) as work:
        assert other.recover(work) == 0
    other.stop()
    assert statuses(site) == {"open": 1}
    result_of(ledger.settle(attempt, USED))


def test_the_calls_of_a_process_whose_lease_ran_out_are_unknown_and_its_figures_still_come(
    site: Site, ledger: Ledger, queue: Queue
) -> None:
    attempt = opened(ledger)
    site.clock.move(timedelta(seconds=31))
    with site.database.writing(None) as work:
        lease = queue.claim(work, (Ledger.task,))
    assert lease is not None
    ledger.bury(lease)
    assert statuses(site) == {"unknown": 1}
    with site.database.reading(None) as work:
        assert queue.held(work, Ledger.task) == []
    assert result_of(ledger.settle(attempt, USED)).micro == USED.tokens


def test_a_ledger_that_stopped_in_order_leaves_nothing_to_look_after(site: Site, queue: Queue) -> None:
    ledger = Ledger(site.database, site.attempts, queue)
    ledger.start()
    result_of(ledger.settle(opened(ledger), USED))
    ledger.stop()
    with site.database.reading(None) as work:
        assert queue.waiting(work, Ledger.task) == 0
