"""A retry makes no effect twice: only what came of the failed step counts no more."""

from pathlib import Path
from typing import Any

import pytest

from jindou.agents.runs import RunDetail
from jindou.agents.runs.journal import Journal
from jindou.agents.runs.tables import RunRow, StepRow
from jindou.db import Work
from jindou.errors import Invalid
from support.desk import ORDER, Desk, open_desk
from support.scripted import call

NOWHERE = call("refund_order", order_id="SO-99999", amount=1, reason="broken lamp")
SMALL = call("refund_order", order_id=ORDER, amount=25.5, reason="broken lamp")
ASK = f"Refund 25.50 on {ORDER}, broken lamp, and 1 on SO-99999"


def steps(run: RunDetail) -> list[tuple[str, str, int]]:
    return [(step.kind, step.status, step.attempt) for step in run.journal]


def retry(desk: Desk, run_id: str) -> None:
    with desk.platform.database.writing(desk.clerk.org_id) as work:
        desk.platform.runs.control.retry(work, desk.clerk, run_id)


def test_an_effect_that_is_behind_a_failed_call_of_the_same_answer_is_not_made_again_by_a_retry(home: Path) -> None:
    (home / "jindou.toml").write_text("run_max_steps = 3\n", encoding="utf-8")
    with open_desk(home, f"{NOWHERE}\n{SMALL}", "Refunded.") as desk:
        run = desk.ask(ASK)
        assert (run.error, steps(run)[1:]) == ("steps_exhausted", [("tool", "failed", 1), ("tool", "done", 1)])
        retry(desk, run.id)
        assert steps(desk.move_on(run.id))[1:] == [("tool", "failed", 2), ("tool", "done", 1)]
        assert desk.refunds().count(25_500_000) == 1


def test_a_run_that_failed_between_two_steps_goes_on_and_makes_no_effect_again(home: Path) -> None:
    with open_desk(home, NOWHERE, SMALL, "Refunded.") as desk, pytest.MonkeyPatch.context() as patch:
        run = desk.start(ASK)
        begin_step = Journal.begin_step

        def begin(journal: Journal, work: Work, row: RunRow, **named: Any) -> StepRow:
            if row.steps == 4:
                raise Invalid("Nobody can ask this model now.", field="model", rule="there")
            return begin_step(journal, work, row, **named)

        patch.setattr(Journal, "begin_step", begin)
        failed = desk.move_on(run.id)
        assert (failed.status, steps(failed)[-1]) == ("failed", ("tool", "done", 1))
        patch.undo()
        retry(desk, run.id)
        done = desk.move_on(run.id)
        assert (done.status, steps(done)[1:4]) == (
            "done",
            [("tool", "failed", 1), ("model", "done", 1), ("tool", "done", 1)],
        )
        assert desk.refunds().count(25_500_000) == 1
