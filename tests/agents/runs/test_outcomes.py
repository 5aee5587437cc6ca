"""What came of a step is written with the beginning of the next one, and never lost to one that does not begin."""

from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from sqlalchemy import select

from jindou.agents.runs import workflows
from jindou.billing.usage.tables import MeterAttemptRow, MeterEventRow
from jindou.durable.queue import LeaseLost
from jindou.models.engines import Chunk, EngineRequest
from support.commits import before_commits
from support.desk import ORDER, Desk, open_desk
from support.scripted import call

LOOK = call("get_order", order_id=ORDER)


@pytest.fixture
def desk(home: Path) -> Generator[Desk]:
    with open_desk(home, LOOK, "It is on its way.") as desk:
        yield desk


def steps(desk: Desk, run_id: str) -> list[tuple[str, str]]:
    return [(step.kind, step.status) for step in desk.get(run_id).journal]


def second_time(action: Callable[..., object], instead: Callable[[], object]) -> Callable[..., object]:
    times: list[object] = []

    def do(*of: object) -> object:
        times.append(of)
        return action(*of) if len(times) != 2 else instead()

    return do


def before_each_answer(desk: Desk, monkeypatch: pytest.MonkeyPatch, action: Callable[[], None]) -> None:
    engine = desk.engine
    assert engine is not None
    stream = engine.stream

    def answer(request: EngineRequest) -> Generator[Chunk, None, None]:
        action()
        yield from stream(request)

    monkeypatch.setattr(engine, "stream", answer)


def test_a_run_of_three_steps_takes_four_transactions_of_its_worker(desk: Desk) -> None:
    desk.start(f"Where is {ORDER}?")
    lease = desk.claim()
    commits: list[object] = []
    end = before_commits(commits.append)
    desk.platform.runner.run(lease)
    end()
    assert commits.count(desk.platform.database.engine) == 4


def test_what_came_of_a_step_is_written_whatever_keeps_the_next_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise RuntimeError

    run = desk.start(f"Where is {ORDER}?")
    monkeypatch.setattr(workflows, "load", second_time(workflows.load, fail))
    with pytest.raises(RuntimeError):
        desk.platform.runner.run(desk.claim())
    assert steps(desk, run.id) == [("model", "done")]


def test_of_what_came_without_the_lease_only_the_ledger_hears(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def take_away() -> None:
        with desk.platform.database.writing(None) as work:
            desk.platform.queue.recover(work)

    run = desk.start(f"Where is {ORDER}?")
    before_each_answer(desk, monkeypatch, take_away)
    with pytest.raises(LeaseLost):
        desk.platform.runner.run(desk.claim())
    assert steps(desk, run.id) == [("model", "started")]
    with desk.platform.database.reading(desk.clerk.org_id) as work:
        mine = select(MeterAttemptRow.status).where(MeterAttemptRow.run_id == run.id)
        assert work.session.scalars(mine).all() == ["settled"]
        paid = select(MeterEventRow.step_id).where(MeterEventRow.run_id == run.id)
        assert len(work.session.scalars(paid).all()) == 1


def test_what_is_said_between_two_steps_is_read_with_the_next_one(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    said = "Tell me in one word."

    def say() -> None:
        if len(desk.get(run.id).journal) == 1:
            with desk.platform.database.writing(desk.clerk.org_id) as work:
                desk.platform.runs.control.steer(work, desk.clerk, run.id, said)

    run = desk.start(f"Where is {ORDER}?")
    before_each_answer(desk, monkeypatch, say)
    desk.platform.runner.run(desk.claim())
    kinds = [kind for kind, _ in steps(desk, run.id)]
    assert kinds == ["model", "message", "tool", "model"]
    assert desk.engine is not None
    assert said in str(desk.engine.requests[-1].messages)
