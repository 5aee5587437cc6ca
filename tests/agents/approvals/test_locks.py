"""On PostgreSQL whoever decides and whoever works take their locks in one order, so that no two wait for each other."""

import threading
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from jindou.durable.queue import Queue
from jindou.errors import Conflict
from support.desk import ORDER, Desk, open_desk
from support.scripted import call
from support.servers import Server

LARGE = call("refund_order", order_id=ORDER, amount=120, reason="broken lamp")
SECONDS = 60.0
WHILE = 1.0
"""Seconds that one waits for the other to come as far as it would have to for both to be stuck."""


@pytest.fixture
def desk(server: Server, home: Path) -> Generator[Desk]:
    with open_desk(home, LARGE, "That is that.", database_url=server.create()) as desk:
        yield desk


class Meeting:
    """Has the thread `door` reach for the task of a run when the thread `worker` has it, in the transaction it ends."""

    def __init__(self, patch: pytest.MonkeyPatch, holds: int) -> None:
        self._wants = threading.Event()
        self._has = threading.Event()
        self._left = holds
        hold, enqueue = Queue.hold, Queue.enqueue

        def held(queue: Queue, *args: Any, **named: Any) -> None:
            is_met = self._is("worker") and self._count() == 0
            if is_met:
                self._wants.wait(WHILE)
            hold(queue, *args, **named)
            if is_met:
                self._has.set()

        def asked(queue: Queue, *args: Any, **named: Any) -> None:
            if self._is("door"):
                self._wants.set()
                self._has.wait(WHILE)
            enqueue(queue, *args, **named)

        patch.setattr(Queue, "hold", held)
        patch.setattr(Queue, "enqueue", asked)

    def _count(self) -> int:
        self._left -= 1
        return self._left

    @staticmethod
    def _is(name: str) -> bool:
        return threading.current_thread().name == name


def together(**actions: Callable[[], object]) -> dict[str, str]:
    """Do all at the same time, each in a thread of its name; return what each came to."""
    outcomes: dict[str, str] = {}

    def do(name: str, action: Callable[[], object]) -> None:
        try:
            outcomes[name] = str(action())
        except Conflict as error:
            outcomes[name] = error.code
        except Exception as error:  # noqa: BLE001 - what it is, is what the test looks at
            outcomes[name] = repr(error)

    threads = [threading.Thread(target=do, args=one, name=one[0]) for one in actions.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    return outcomes


def deadlocks(desk: Desk) -> int:
    with desk.platform.database.reading(None) as work:
        query = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        found: int = work.session.connection().execute(text(query)).scalar_one()
        return found


def test_a_decision_while_the_run_is_stopped_waits_for_its_worker_and_not_the_other_way_round(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = desk.ask(f"Refund 120 on {ORDER}, broken lamp")
    wanted = desk.inbox(status="waiting")[0].id
    desk.cancel(run.id)
    lease = desk.claim()
    Meeting(monkeypatch, holds=2)
    outcomes = together(
        door=lambda: desk.approve(wanted).status,
        worker=lambda: desk.platform.runner.run(lease),
    )
    assert outcomes["worker"] == "None"
    assert outcomes["door"] in {"approved", "approval_decided"}
    assert deadlocks(desk) == 0
    assert desk.move_on(run.id).status == "cancelled"
    assert 120_000_000 not in desk.refunds()


def test_two_who_act_on_one_run_at_once_do_not_wait_for_each_other(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    run = desk.ask(f"Refund 120 on {ORDER}, broken lamp")
    wanted = desk.inbox(status="waiting")[0].id
    enqueue = Queue.enqueue
    there = threading.Barrier(2)

    def met(queue: Queue, *args: Any, **named: Any) -> None:
        try:
            there.wait(WHILE)
        except threading.BrokenBarrierError:
            there.abort()
        enqueue(queue, *args, **named)

    monkeypatch.setattr(Queue, "enqueue", met)
    outcomes = together(decider=lambda: desk.approve(wanted).status, owner=lambda: desk.cancel(run.id).status)
    assert outcomes == {"decider": "approved", "owner": "waiting"}
    assert deadlocks(desk) == 0
