"""A process that moves the refund run on from wherever its home says it is, and may kill itself at a commit.

It dies by SIGKILL right before its N-th commit, in either database; with N = 0 it goes to the end and writes down
what is there. Right before a commit and right after the one before it are the same on disk, so every boundary is
walked.
"""

import json
import os
import signal
from pathlib import Path

from sqlalchemy import select

from jindou.agents.approvals import Verdict
from jindou.agents.runs import RunSearch, StartRun
from jindou.agents.runs.tables import RunEventRow, StepRow
from jindou.assembly import Platform
from jindou.billing.usage.tables import MeterAttemptRow, MeterEventRow
from support.commits import before_commits
from support.platform import as_person, open_platform
from support.scripted import refund_script

ORDER = "SO-10007"
AMOUNT = 120.0
FOUND = "found.json"

__all__ = ["FOUND", "arm", "drain", "main"]


def main(home: Path, kill_at: int) -> None:
    """Start, or go on with, the one run; decide its approval; go on to the end."""
    with open_platform(home, refund_script(ORDER, AMOUNT)) as platform:
        with platform.database.writing(None) as work:
            platform.queue.recover(work)
        if kill_at:
            arm(kill_at)
        clerk, manager = as_person(platform, "clerk"), as_person(platform, "manager")
        with platform.database.reading(clerk.org_id) as work:
            known = platform.runs.search(work, clerk, RunSearch())
        if not known:
            with platform.database.writing(clerk.org_id) as work:
                platform.runs.start(work, clerk, StartRun(message="Refund 120 for SO-10007, broken lamp"))
        drain(platform)
        with platform.database.writing(manager.org_id) as work:
            for approval in platform.approvals.list_approvals(work, manager, "waiting"):
                platform.approvals.decide(work, manager, approval.id, Verdict(decision="approve"))
        drain(platform)
        (home / FOUND).write_text(json.dumps(_found(platform)))


def arm(kill_at: int) -> None:
    """Die right before the N-th commit from now on."""
    left = kill_at

    def before_commit(_engine: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    before_commits(before_commit)


def drain(platform: Platform) -> None:
    """Move every run on until it is over or rests."""
    while True:
        with platform.database.writing(None) as work:
            lease = platform.queue.claim(work, ("run",))
        if lease is None:
            return
        platform.runner.run(lease)


def _found(platform: Platform) -> dict[str, object]:
    clerk, manager = as_person(platform, "clerk"), as_person(platform, "manager")
    with platform.database.reading(clerk.org_id) as work:
        runs = platform.runs.search(work, clerk, RunSearch())
        return {
            "runs": [run.status for run in runs],
            "cost": runs[0].cost.micro,
            "steps": [[step.kind, step.status] for step in work.session.scalars(select(StepRow).order_by(StepRow.n))],
            "metered": sorted([row.step_id, row.cost_micro] for row in work.session.scalars(select(MeterEventRow))),
            "done": sorted(s.id for s in work.session.scalars(select(StepRow)) if s.status == "done"),
            "tried": sorted(
                [step.id, attempt, "settled" if attempt == step.attempt else "unknown"]
                for step in work.session.scalars(select(StepRow).where(StepRow.kind == "model"))
                for attempt in range(1, step.attempt + 1)
            ),
            "attempts": sorted(
                [row.step_id, row.attempt, row.status] for row in work.session.scalars(select(MeterAttemptRow))
            ),
            "wrong": platform.budgets.count_wrong(work),
            "events": list(work.session.scalars(select(RunEventRow.seq).order_by(RunEventRow.seq))),
            "audit": platform.audit.verify(work, manager).model_dump(),
        }
