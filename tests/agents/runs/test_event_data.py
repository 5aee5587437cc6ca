"""An event has a step and a run as the doors show them, made without what checks them."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from jindou.agents.runs.queries import as_run, as_step, run_data, step_data
from jindou.agents.runs.stream import Stream
from jindou.agents.runs.tables import RunRow, StepRow
from jindou.agents.runs.types import RunEvent
from jindou.durable.signals import Signals
from support.ground import OURS, open_database

AT = datetime(2026, 3, 2, 17, 0, 0, 120_000, tzinfo=timezone(timedelta(hours=8)))
RULE = {"id": "shop.too-much", "reason": {"en": "Too much.", "zh": "太多。"}}
STEPS: dict[str, dict[str, Any]] = {
    "a model's": {
        "kind": "model",
        "response": {"text": "我看看 😀", "calls": [{"id": "c", "name": "look", "arguments": {"of": [1, None]}}]},
    },
    "a refused tool's": {
        "kind": "tool",
        "status": "refused",
        "request": {"call": "c", "arguments": {"amount": 2.5}},
        "response": {"error": "Refused.", "took_effect": "no"},
        "rules": [RULE, {**RULE, "approvers": 2}],
        "finished_at": None,
    },
    "a tool's": {"kind": "tool", "request": {"call": "c", "arguments": {}}, "response": {"result": {"a": "b"}}},
    "a message's": {"kind": "message", "request": {"by": "Chen"}, "response": {"text": "Stop."}},
    "notes'": {"kind": "compaction", "response": {"text": "", "facts": {}, "stands_for": {"runs": ["run_0"]}}},
}


@pytest.mark.parametrize("of", STEPS)
def test_a_step_in_an_event_is_what_the_doors_show(of: str) -> None:
    plain: dict[str, Any] = {
        "title": {"en": "Look"},
        "status": "done",
        "request": {},
        "rules": [],
        "finished_at": AT.replace(second=7),
    }
    used = dict.fromkeys(("input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens", "calls"), 3)
    row = StepRow(
        id="stp_1",
        org_id=OURS,
        run_id="run_1",
        n=2,
        name="look",
        attempt=1,
        cost_micro=7,
        currency="CNY",
        started_at=AT.astimezone(UTC).replace(microsecond=0),
        **used,
        **(plain | STEPS[of]),
    )
    assert step_data(row) == as_step(row).model_dump(mode="json")


def test_a_run_in_an_event_is_what_the_doors_show() -> None:
    row = RunRow(
        id="run_1", conversation_id="cnv_1", assistant="desk", person_id="prs_1", person_name="陈", message="?"
    )
    row.status, row.answer, row.rules, row.steps, row.tokens, row.cost_micro = "done", "是。", [RULE], 3, 9, 4
    row.currency, row.created_at, row.finished_at = "CNY", AT, AT.replace(microsecond=0)
    assert run_data(row) == as_run(row).model_dump(mode="json")


def test_an_event_that_nobody_hears_is_not_made(tmp_path: Path) -> None:
    with open_database(tmp_path) as database:
        stream = Stream(Signals(database))
        made: list[str] = []
        heard: list[object] = []

        def event(run_id: str) -> RunEvent:
            made.append(run_id)
            return RunEvent(seq=1, run_id=run_id, type="run.paused", at=AT, data={})

        stream.subscribe("run_2", heard.append)
        with database.writing(OURS) as work:
            stream.keep(work, "run_1", lambda: event("run_1"))
            stream.keep(work, "run_2", lambda: event("run_2"))
    assert made == ["run_2"]
    assert heard == [RunEvent(seq=1, run_id="run_2", type="run.paused", at=AT, data={})]
