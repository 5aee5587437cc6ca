"""A queue in the platform's own database, so that a task is enqueued in the transaction that makes it necessary."""

from datetime import datetime, timedelta

from sqlalchemy import CursorResult, Select, delete, or_, select, update

from jindou.db import Work
from jindou.durable.queue.tables import TaskRow
from jindou.durable.queue.types import Lease, LeaseLost, Standing

__all__ = ["Queue"]


class Queue:
    """Tasks, each held by one worker at a time under a lease of `lease_seconds`."""

    def __init__(self, lease_seconds: float) -> None:
        self.lease_time = timedelta(seconds=lease_seconds)

    def enqueue(self, work: Work, kind: str, subject: str, org_id: str, at: datetime | None = None) -> None:
        """Ask that the task be done, at `at` or now. Asking again wakes a task that is under way once more."""
        at = at or work.now()
        row = work.session.get(TaskRow, (kind, subject))
        if row is None:
            work.session.add(TaskRow(kind=kind, subject=subject, org_id=org_id, available_at=at))
        else:
            row.wakes += 1
            row.available_at = min(row.available_at, at)
        work.session.flush()

    def begin(self, work: Work, kind: str, subject: str) -> Lease:
        """Take a task that nobody asked for: a worker does it once the lease runs out, when this process is dead."""
        self.enqueue(work, kind, subject, "")
        row = work.session.get_one(TaskRow, (kind, subject))
        lease_id = row.lease_id = work.new_id("lse")
        row.lease_until = work.now() + self.lease_time
        work.session.flush()
        return Lease(lease_id, kind, subject, row.org_id, row.wakes, row.attempts)

    def held(self, work: Work, kind: str) -> list[Lease]:
        """Return the leases of a kind that have not run out."""
        rows = work.session.scalars(select(TaskRow).where(TaskRow.kind == kind, TaskRow.lease_until >= work.now()))
        return [Lease(row.lease_id or "", kind, row.subject, row.org_id, row.wakes, row.attempts) for row in rows.all()]

    def claim(self, work: Work, kinds: tuple[str, ...]) -> Lease | None:
        """Take the task that has waited longest, or None. A task whose lease ran out counts as waiting."""
        now = work.now()
        row = work.session.scalars(_due(now, kinds).with_for_update(skip_locked=True)).first()
        if row is None:
            return None
        lease_id = row.lease_id = work.new_id("lse")
        row.lease_until = now + self.lease_time
        row.attempts += 1
        return Lease(lease_id, row.kind, row.subject, row.org_id, row.wakes, row.attempts)

    def due(self, work: Work, kinds: tuple[str, ...]) -> bool:
        """Say whether `claim` would find a task."""
        return work.session.scalars(_due(work.now(), kinds)).first() is not None

    def hold(self, work: Work, lease: Lease, *, progress: bool = False) -> None:
        """Extend the lease. In the transaction of a write, this is the fence: it fails if the lease was lost.

        Raises:
            LeaseLost: another worker has the task now.
        """
        values: dict[str, object] = {"lease_until": work.now() + self.lease_time}
        if progress:
            values["attempts"] = 0
        self._mine(work, lease, values)

    def done(self, work: Work, lease: Lease) -> None:
        """End the task, unless it was asked for again meanwhile: then it waits for the next worker.

        Raises:
            LeaseLost: another worker has the task now.
        """
        gone = work.session.execute(
            delete(TaskRow).where(
                TaskRow.kind == lease.kind,
                TaskRow.subject == lease.subject,
                TaskRow.lease_id == lease.id,
                TaskRow.wakes == lease.wakes,
            )
        )
        if _rows(gone) == 0:
            self.release(work, lease, work.now())

    def release(self, work: Work, lease: Lease, at: datetime, *, untried: bool = False) -> None:
        """Give the task back, to be taken again at `at`. `untried` says that this lease was no attempt at it.

        Raises:
            LeaseLost: another worker has the task now.
        """
        values: dict[str, object] = {"lease_id": None, "lease_until": None, "available_at": at}
        if untried:
            values["attempts"] = TaskRow.attempts - 1
        self._mine(work, lease, values)

    def recover(self, work: Work, but: str = "") -> int:
        """Free every lease, `but` those of one kind, and return how many: for a start-up that is the only worker."""
        held = update(TaskRow).where(TaskRow.kind != but, TaskRow.lease_id.is_not(None))
        return _rows(work.session.execute(held.values(lease_id=None, lease_until=None)))

    def waiting(self, work: Work, kind: str) -> int:
        """Return how many tasks of `kind` there are, held or not."""
        return len(work.session.scalars(select(TaskRow.subject).where(TaskRow.kind == kind)).all())

    def standing(self, work: Work, kind: str, subject: str) -> Standing | None:
        """Return how a task stands, or None if nobody asks for it."""
        row = work.session.get(TaskRow, (kind, subject))
        return None if row is None else Standing(row.available_at, row.lease_until, row.attempts)

    def _mine(self, work: Work, lease: Lease, values: dict[str, object]) -> None:
        updated = work.session.execute(
            update(TaskRow)
            .where(TaskRow.kind == lease.kind, TaskRow.subject == lease.subject, TaskRow.lease_id == lease.id)
            .values(values)
            .execution_options(synchronize_session=False)
        )
        if _rows(updated) == 0:
            raise LeaseLost(f"The lease on {lease.kind} {lease.subject} is lost to another worker.")


def _due(now: datetime, kinds: tuple[str, ...]) -> Select[TaskRow]:
    return (
        select(TaskRow)
        .where(TaskRow.kind.in_(kinds), TaskRow.available_at <= now)
        .where(or_(TaskRow.lease_until.is_(None), TaskRow.lease_until < now))
        .order_by(TaskRow.available_at)
        .limit(1)
    )


def _rows(result: object) -> int:
    return result.rowcount if isinstance(result, CursorResult) else 0
