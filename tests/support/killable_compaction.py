"""A process that moves a run on which takes notes, from wherever its home says it is, and may kill itself."""

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from jindou.agents.runs import RunSearch, StartRun
from jindou.agents.runs.tables import RunEventRow, StepRow
from jindou.assembly import Platform
from jindou.billing.usage.tables import MeterEventRow
from support.killable import FOUND, arm, drain
from support.narrow import NarrowEngine
from support.platform import FakeClock, as_person, open_platform
from support.scripted import call

__all__ = ["CONTEXT", "LONG", "main", "open_narrow"]

CONTEXT = 3072
LONG = "the lamp is broken and I want it mended " * 40
ASK = f"Look at SO-10007: {LONG}".strip()


def open_narrow(home: Path, hours: int = 0) -> AbstractContextManager[Platform]:
    """Open a platform whose model has little context, `hours` after the others."""
    clock = FakeClock()
    clock.move(timedelta(hours=hours))
    engine = NarrowEngine(_script, CONTEXT)
    return open_platform(home, _script, clock, engine, context_tokens=CONTEXT, answer_max_tokens=128)


def _script(messages: Sequence[dict[str, object]]) -> str:
    """Look at an order if that is asked, and say so."""
    is_asked = any(message["content"] == ASK for message in messages)
    is_told = any(message["role"] == "tool" for message in messages)
    return call("get_order", order_id="SO-10007") if is_asked and not is_told else "Hello."


def main(home: Path, kill_at: int) -> None:
    """Ask what no longer fits beside what was said before, and go on to the end."""
    with open_narrow(home, hours=1) as platform:
        with platform.database.writing(None) as work:
            platform.queue.recover(work)
        if kill_at:
            arm(kill_at)
        clerk = as_person(platform, "clerk")
        with platform.database.reading(clerk.org_id) as work:
            known = platform.runs.search(work, clerk, RunSearch())
        if not any(run.message == ASK for run in known):
            with platform.database.writing(clerk.org_id) as work:
                asked = StartRun(message=ASK, conversation_id=known[0].conversation_id)
                platform.runs.start(work, clerk, asked)
        drain(platform)
        (home / FOUND).write_text(json.dumps(_found(platform)))


def _found(platform: Platform) -> dict[str, object]:
    clerk = as_person(platform, "clerk")
    with platform.database.reading(clerk.org_id) as work:
        run = platform.runs.search(work, clerk, RunSearch(limit=1))[0]
        steps = work.session.scalars(select(StepRow).where(StepRow.run_id == run.id).order_by(StepRow.n)).all()
        metered = work.session.scalars(select(MeterEventRow).where(MeterEventRow.run_id == run.id)).all()
        events = select(RunEventRow.seq).where(RunEventRow.run_id == run.id).order_by(RunEventRow.seq)
        return {
            "run": run.status,
            "steps": [[step.kind, step.status] for step in steps],
            "done": sorted(step.id for step in steps),
            "metered": sorted(row.step_id for row in metered),
            "cost": [run.cost.micro, sum(row.cost_micro for row in metered)],
            "notes": steps[0].response.get("text"),
            "stands_for": [steps[0].request, steps[0].response.get("stands_for")],
            "events": list(work.session.scalars(events)),
            "wrong": platform.budgets.count_wrong(work),
        }
