"""Runs that nobody would go on with, because their task is gone: they are asked for again."""

from sqlalchemy import select

from jindou.agents.approvals import RUN_TASK
from jindou.agents.runs.tables import RunRow
from jindou.db import Work
from jindou.durable.queue import Queue

__all__ = ["reap"]

_AT_ONCE = 1000
_MOVING = ("queued", "running")


def reap(work: Work, queue: Queue) -> int:
    """Have every run that is under way done by somebody, and return how many were left alone.

    No code of ours leaves one; a restored backup, or somebody's SQL, may.
    """
    columns = RunRow.id, RunRow.org_id, RunRow.person_id
    open_runs = select(*columns).where(RunRow.finished_at.is_(None), RunRow.status.in_(_MOVING)).order_by(RunRow.id)
    left, last = 0, ""
    while rows := work.session.execute(open_runs.where(RunRow.id > last).limit(_AT_ONCE)).all():
        missing = queue.missing(work, RUN_TASK, [row.id for row in rows])
        # The task of a run that has ended meanwhile is gone as it should be.
        alone = work.session.execute(open_runs.where(RunRow.id.in_(missing))).all()
        for row in alone:
            queue.enqueue(work, RUN_TASK, row.id, row.org_id, person_id=row.person_id)
        left, last = left + len(alone), rows[-1].id
    return left
