"""Every token of a run is in the ledger once or held, whatever becomes of the call; and budgets bind runs, too."""

import threading
from collections.abc import Generator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from typing_extensions import override

from jindou.billing.budgets import BudgetAsk
from jindou.billing.usage.tables import MeterAttemptRow, MeterEventRow
from jindou.errors import Unavailable
from jindou.models.deployments import DeploymentAsk
from jindou.models.engines import Chunk, EngineRequest, FinalChunk, TextChunk, Usage
from jindou.models.upstreams import EngineDied, EngineUnavailable
from support.desk import Desk, open_desk, saying
from support.scripted import ScriptedEngine
from support.upstream import open_upstream

MOST = 10**15


class TellingEngine(ScriptedEngine):
    """Does each of `turns` in its turn: raises it, after a word if it has died, or writes it and says what it used."""

    def __init__(self, *turns: Exception | str) -> None:
        super().__init__(saying("All is well."))
        self._turns = list(turns)

    @override
    def stream(self, request: EngineRequest) -> Generator[Chunk, None, None]:
        turn = self._turns.pop(0) if self._turns else "All is well."
        if isinstance(turn, Exception):
            if isinstance(turn, EngineDied):
                yield TextChunk("All is ")
            raise turn
        yield TextChunk(turn)
        yield FinalChunk("stop", Usage(prompt=100, cached=40, completion=10))


class HeldEngine(ScriptedEngine):
    """Writes a word, and waits."""

    def __init__(self) -> None:
        super().__init__(saying(""))
        self.began = threading.Event()

    @override
    def stream(self, request: EngineRequest) -> Generator[Chunk, None, None]:
        while True:
            yield TextChunk("")
            self.began.set()
            threading.Event().wait(0.05)


def attempts(desk: Desk) -> list[tuple[int, str]]:
    with desk.platform.database.reading(None) as work:
        rows = work.session.scalars(select(MeterAttemptRow).order_by(MeterAttemptRow.id)).all()
        assert all(row.run_id and row.step_id and row.assistant == "after-sales" for row in rows)
    return [(row.attempt, row.status) for row in rows]


def events(desk: Desk) -> list[MeterEventRow]:
    with desk.platform.database.reading(None) as work:
        query = select(MeterEventRow).where(MeterEventRow.calls == 0).order_by(MeterEventRow.id)
        return list(work.session.scalars(query))


def budget(desk: Desk, scope: str = "organisation", scope_id: str = "", **limits: Any) -> str:
    with desk.platform.database.writing(desk.manager.org_id) as work:
        ask = BudgetAsk.model_validate({"scope": scope, "scope_id": scope_id, **limits})
        return desk.platform.budgets.create(work, desk.manager, ask).id


def wrong(desk: Desk) -> int:
    with desk.platform.database.reading(None) as work:
        return desk.platform.budgets.count_wrong(work)


def fail_once(desk: Desk) -> None:
    lease = desk.claim()
    with pytest.raises(Unavailable):
        desk.platform.runner.run(lease)
    with desk.platform.database.writing(None) as work:
        desk.platform.queue.release(work, lease, work.now())


def test_a_call_is_settled_with_what_the_engine_told_and_says_whose_it_is(home: Path) -> None:
    with open_desk(home, engine=TellingEngine("All is well.")) as desk:
        budget(desk, monthly_micro=MOST)
        run = desk.ask("Hi")
        (row,) = events(desk)
        assert (row.input_tokens, row.cached_tokens, row.output_tokens) == (60, 40, 10)
        assert (row.run_id, row.step_id, row.assistant, row.deployment) == (
            run.id,
            run.journal[0].id,
            "after-sales",
            desk.platform.model,
        )
        assert run.cost.micro == row.cost_micro > 0
        assert attempts(desk) == [(1, "settled")]
        assert wrong(desk) == 0


def test_a_call_is_billed_as_what_answered_it_is_sold_as(home: Path) -> None:
    with open_desk(home, engine=TellingEngine()) as desk, open_upstream() as server:
        server.says("All is well.")
        model = desk.platform.model
        members = [
            {"engine": "vllm", "model": "big", "url": server.url, "sku": "model:qwen3-32b", "native_tools": False}
        ]
        with desk.platform.database.writing(desk.manager.org_id) as work:
            asked = DeploymentAsk.model_validate({"name": model, "members": members})
            desk.platform.deployments.create(work, desk.manager, asked)
        assert desk.ask("Hi").status == "done"
        (row,) = events(desk)
        assert (row.sku, row.engine, row.deployment) == ("model:qwen3-32b", "vllm/big", model)
        assert wrong(desk) == 0


def test_a_call_whose_engine_died_is_unknown_and_held_and_the_next_one_is_paid(home: Path) -> None:
    with open_desk(home, engine=TellingEngine(EngineDied("It died."))) as desk:
        budget(desk, monthly_micro=MOST)
        run = desk.start("Hi")
        fail_once(desk)
        assert attempts(desk) == [(1, "unknown")]
        done = desk.move_on(run.id)
        assert done.status == "done"
        assert attempts(desk) == [(1, "unknown"), (2, "settled")]
        assert len(events(desk)) == 1
        assert wrong(desk) == 0


def test_a_call_that_never_reached_the_engine_holds_nothing(home: Path) -> None:
    with open_desk(home, engine=TellingEngine(EngineUnavailable("Not ready."))) as desk:
        run = desk.start("Hi")
        fail_once(desk)
        assert attempts(desk) == [(1, "void")]
        assert desk.move_on(run.id).status == "done"
        assert attempts(desk) == [(1, "void"), (2, "settled")]


def test_what_the_engine_told_before_it_failed_is_paid(home: Path) -> None:
    unreadable = '{"name": "no_such_tool", "arguments": {}}'
    engine = TellingEngine(unreadable, EngineUnavailable("Not ready."), "All is well.")
    with open_desk(home, engine=engine) as desk:
        budget(desk, monthly_micro=MOST)
        run = desk.start("Hi")
        fail_once(desk)
        assert attempts(desk) == [(1, "settled")]
        done = desk.move_on(run.id)
        rows = events(desk)
        assert [(row.attempt, row.output_tokens) for row in rows] == [(1, 10), (2, 10)]
        assert done.cost.micro == sum(row.cost_micro for row in rows)
        assert wrong(desk) == 0


def test_a_call_that_was_cancelled_in_the_middle_is_held_until_somebody_says_what_it_used(home: Path) -> None:
    engine = HeldEngine()
    with open_desk(home, engine=engine) as desk:
        run = desk.start("Hi")
        segment = threading.Thread(target=desk.platform.runner.run, args=(desk.claim(),))
        segment.start()
        assert engine.began.wait(60)
        desk.cancel(run.id)
        segment.join(60)
        assert desk.get(run.id).status == "cancelled"
        assert attempts(desk) == [(1, "unknown")]
        with desk.platform.database.reading(desk.clerk.org_id) as work:
            held = desk.platform.usage.statement(work, desk.clerk).unsettled
        assert [(one.run_id, one.status) for one in held] == [(run.id, "unknown")]


def test_a_run_for_which_no_money_is_left_is_refused_and_names_the_budget_in_both_languages(home: Path) -> None:
    with open_desk(home, "All is well.") as desk:
        budget(desk, "person", desk.clerk.person_id, monthly_micro=1)
        run = desk.ask("Hi")
        assert (run.status, run.journal) == ("refused", [])
        (rule,) = run.rules
        assert rule.id == "jindou.budget-exceeded"
        assert desk.clerk.name in rule.reason["en"]
        assert "0.000001 CNY left" in rule.reason["en"]
        assert desk.clerk.name in rule.reason["zh"]
        assert "本月预算还剩 0.000001 CNY" in rule.reason["zh"]
        assert attempts(desk) == []


def test_a_run_over_a_limit_a_minute_waits_for_the_next_and_goes_on_by_itself(home: Path) -> None:
    with open_desk(home, "All is well.") as desk:
        budget(desk, "assistant", "after-sales", rpm=1)
        assert desk.ask("Hi").status == "done"
        run = desk.start("Hi again")
        lease = desk.claim()
        desk.platform.runner.run(lease)
        assert desk.get(run.id).status == "queued"
        assert desk.notices(run.id) == ["rate_limited"]
        (notice,) = [event for event in desk.events(run.id) if event.type == "run.notice"]
        assert isinstance(notice.data["params"], dict)
        assert notice.data["params"]["name"] == "after-sales"
        with desk.platform.database.writing(None) as work:
            assert desk.platform.queue.claim(work, ("run",)) is None
        desk.clock.move(timedelta(seconds=61))
        assert desk.move_on(run.id).status == "done"
        assert wrong(desk) == 0


def test_a_run_that_no_minute_has_room_for_is_refused(home: Path) -> None:
    with open_desk(home, "All is well.") as desk:
        budget(desk, tpm=10)
        run = desk.ask("Hi")
        assert run.status == "refused"
        assert run.rules[0].id == "jindou.rate-limited"
        assert "may use 10 tokens a minute" in run.rules[0].reason["en"]
        assert "每分钟最多使用 10 个词元" in run.rules[0].reason["zh"]
