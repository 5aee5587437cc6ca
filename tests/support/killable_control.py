"""A process that does to a run what its person may do, from wherever its home says it is, and may kill itself."""

import json
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import select

from jindou.agents.runs import Run, RunSearch, StartRun
from jindou.agents.runs.tables import RunEventRow, RunRow, StepRow
from jindou.assembly import Platform
from jindou.billing.usage.tables import MeterEventRow
from jindou.identity.principals import Principal
from support.killable import FOUND, arm, drain
from support.platform import as_person, open_platform
from support.scripted import call

__all__ = ["main", "script"]

ASK = "Look at SO-10007 and SO-10234, then refund 25.50 on SO-10007, broken lamp"


def script(messages: Sequence[dict[str, object]]) -> str:
    """Look at two orders at once, refund, and say so."""
    told = [message for message in messages if message["role"] == "tool"]
    if not told:
        return f"{call('get_order', order_id='SO-10007')}\n{call('get_order', order_id='SO-10234')}"
    if not any("refunded_total" in str(message["content"]) for message in told):
        return call("refund_order", order_id="SO-10007", amount=25.5, reason="broken lamp")
    return "Refunded."


def main(home: Path, kill_at: int) -> None:
    """Start the run, pause it, tell it more, resume it, and branch it at its end: each unless it has been done."""
    with open_platform(home, script) as platform:
        with platform.database.writing(None) as work:
            platform.queue.recover(work)
        if kill_at:
            arm(kill_at)
        clerk = as_person(platform, "clerk")
        run = _first(platform, clerk)
        if run is None:
            with platform.database.writing(clerk.org_id) as work:
                run = platform.runs.start(work, clerk, StartRun(message=ASK))
        _control(platform, clerk, run)
        drain(platform)
        _branch(platform, clerk, run.id)
        drain(platform)
        (home / FOUND).write_text(json.dumps(_found(platform, run.id)))


def _first(platform: Platform, clerk: Principal) -> Run | None:
    with platform.database.reading(clerk.org_id) as work:
        return next((run for run in platform.runs.search(work, clerk, RunSearch()) if run.branched_from is None), None)


def _control(platform: Platform, clerk: Principal, run: Run) -> None:
    with platform.database.reading(clerk.org_id) as work:
        events = platform.runs.events(work, clerk, run.id)
        is_told = any(step.kind == "message" for step in platform.runs.get(work, clerk, run.id).journal)
    control, verbs = platform.runs.control, {event.data.get("verb") for event in events}
    if "pause" not in verbs:
        with platform.database.writing(clerk.org_id) as work:
            control.pause(work, clerk, run.id)
        drain(platform)
    if not is_told:
        with platform.database.writing(clerk.org_id) as work:
            control.steer(work, clerk, run.id, "And be kind.")
    if "resume" not in verbs:
        with platform.database.writing(clerk.org_id) as work:
            control.resume(work, clerk, run.id)


def _branch(platform: Platform, clerk: Principal, run_id: str) -> None:
    with platform.database.reading(clerk.org_id) as work:
        is_there = work.session.scalars(select(RunRow).where(RunRow.branched_from == run_id)).first() is not None
        last = len(platform.runs.get(work, clerk, run_id).journal)
    if not is_there:
        with platform.database.writing(clerk.org_id) as work:
            platform.runs.branch(work, clerk, run_id, last - 1, "Say it once more.")


def _found(platform: Platform, run_id: str) -> dict[str, object]:
    manager = as_person(platform, "manager")
    with platform.database.reading(manager.org_id) as work:
        rows = sorted(work.session.scalars(select(RunRow)), key=lambda row: row.branched_from or "")
        steps = list(work.session.scalars(select(StepRow).order_by(StepRow.run_id, StepRow.n)))
        events = list(work.session.scalars(select(RunEventRow).order_by(RunEventRow.run_id, RunEventRow.seq)))
        return {
            "runs": [[row.status, row.branched_from == run_id] for row in rows],
            "steps": [[[s.n, s.kind, s.status] for s in steps if s.run_id == row.id] for row in rows],
            "gapless": all(
                [e.seq for e in events if e.run_id == row.id] == list(range(1, row.last_event + 1)) for row in rows
            ),
            "cost": sum(row.cost_micro for row in rows),
            "metered": sum(row.cost_micro for row in work.session.scalars(select(MeterEventRow))),
            "audit": platform.audit.verify(work, manager).ok,
        }
