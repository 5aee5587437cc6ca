"""A queue in the platform's own database, so that a task is enqueued in the transaction that makes it necessary."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, case, func, not_, select, update

from jindou.db import Work
from jindou.durable.queue.finding import Finding, finding
from jindou.durable.queue.statements import asking, ending, holding, holding_free, leasing, releasing, standing_of
from jindou.durable.queue.tables import IS_SUSPECT, TaskRow
from jindou.durable.queue.turns import Turns
from jindou.durable.queue.types import Lease, LeaseLost, Standing
from jindou.durable.signals import Signals

__all__ = ["Queue"]

_PATIENCE = timedelta(seconds=1)
"""How long what has to be done alone waits for a worker that happens to have nothing else under way."""

_TOPIC = "jindou_task"
_ASKED_AT_ONCE = 500
_LOOKED_AT = 50
"""Interrupted tasks of which one may be of an organisation that has room."""


class Queue:
    """Tasks, each held by one worker at a time under a lease of `lease_seconds`, by the database's clock.

    A process takes no task of a `version` above its own, and none of an organisation that has `most_at_once` under
    way; 0 is no limit.
    """

    def __init__(
        self, lease_seconds: float, *, version: int = 1, most_at_once: int = 0, signals: Signals | None = None
    ) -> None:
        self.lease_time = timedelta(seconds=lease_seconds)
        self._version = version
        self._most_at_once = most_at_once
        self._signals = signals
        self._turns = Turns()

    def on_wake(self, action: Callable[[], None]) -> None:
        """Have `action` done whenever some process of the installation has asked for a task."""
        if self._signals is not None:
            self._signals.subscribe(_TOPIC, lambda _: action())

    def enqueue(
        self,
        work: Work,
        kind: str,
        subject: str,
        org_id: str,
        at: datetime | None = None,
        *,
        person_id: str = "",
        background: bool = False,
    ) -> None:
        """Ask that the task be done, at `at` or now. Asking again wakes a task that is under way once more.

        It takes the turn of `person_id`; what is in the `background` comes after what people wait for.
        """
        work.change(
            asking(is_sqlite=work.is_sqlite, by_server=work.by_server and at is None),
            kind=kind,
            subject=subject,
            org_id=org_id,
            person_id=person_id,
            priority=int(background),
            version=self._version,
            ready=at is None or at <= work.now(),
            available=work.moment() if at is None else at,
        )
        if self._signals is not None:
            self._signals.publish(work, _TOPIC)

    def begin(self, work: Work, kind: str, subject: str) -> Lease:
        """Take a task that nobody asked for: a worker does it once the lease runs out, when this process is dead."""
        self.enqueue(work, kind, subject, "", background=True)
        row = work.session.get_one(TaskRow, (kind, subject), with_for_update=True)
        return self._lease(work, row)

    def held(self, work: Work, kind: str) -> list[Lease]:
        """Return the leases of a kind that have not run out."""
        rows = work.session.scalars(select(TaskRow).where(TaskRow.kind == kind, TaskRow.lease_until >= work.at()))
        return [_as_lease(row) for row in rows.all()]

    def claim(self, work: Work, kinds: Collection[str], *, suspects: bool = True) -> Lease | None:
        """Take the task whose turn it is, or None.

        What a worker died at comes first, since somebody has seen it begin. What people wait for comes before what is
        in the background; then every organisation has its turn, in it every person, and of a person's tasks the one
        that has waited longest.

        Without `suspects` it is none that has lost its workers again and again: such a one is done alone, so that it
        takes no other with it. It has waited long enough when nothing else is given out.
        """
        row = self._next(work, self._finding(work, kinds), suspects=suspects)
        return None if row is None else self._lease(work, row)

    def due(self, work: Work, kinds: Collection[str]) -> bool:
        """Say whether `claim` may find a task."""
        return bool(work.ask(self._finding(work, kinds).due, now=work.moment()))

    def tend(self, work: Work) -> None:
        """Make ready what has waited for its time, and what a worker held that is dead or was frozen."""
        finding = self._finding(work, ())
        for late in (finding.waited, finding.lost):
            for kind, subject in work.ask(late, now=work.moment()):
                mine = update(TaskRow).where(TaskRow.kind == kind, TaskRow.subject == subject)
                work.session.execute(mine.values(_lost()))

    def hold(self, work: Work, lease: Lease, *, progress: bool = False) -> None:
        """Extend the lease. In the transaction of a write, this is the fence: it fails if the lease was lost.

        Raises:
            LeaseLost: another worker has the task now.
        """
        held = holding(by_server=work.by_server, progress=progress)
        _require(work.change(held, until=work.moment(self.lease_time), **_mine(lease)), lease)

    def hold_some(self, work: Work, leases: Sequence[Lease]) -> set[str]:
        """Extend leases of one kind as `hold` does, and return the ids of those that are; nobody is waited for.

        One that is lost is not among them, nor one whose task somebody else has locked just now.
        """
        if work.is_sqlite:
            until = work.moment(self.lease_time)
            held = holding(by_server=work.by_server, progress=False)
            return {lease.id for lease in leases if work.change(held, until=until, **_mine(lease))}
        values = {
            "until": work.moment(self.lease_time),
            "of_kind": leases[0].kind,
            "of_subjects": [lease.subject for lease in leases],
            "of_leases": [lease.id for lease in leases],
        }
        return {str(lease_id) for (lease_id,) in work.ask(holding_free(by_server=work.by_server), **values)}

    def done(self, work: Work, lease: Lease) -> None:
        """End the task with the transaction, unless it was asked for again meanwhile: then it waits for a worker.

        The transaction fails with LeaseLost if another worker has the task by now.
        """
        work.at_end(self._end, lease)

    def _end(self, work: Work, leases: Sequence[Lease]) -> None:
        ended = work.change_each(ending(), [{**_mine(lease), "of_wakes": lease.wakes} for lease in leases])
        if ended < len(leases):
            for lease in leases:
                if len(leases) == 1 or self._is_mine(work, lease):
                    self.release(work, lease, work.now(), untried=True)

    def release(self, work: Work, lease: Lease, at: datetime, *, untried: bool = False) -> None:
        """Give the task back, to be taken again at `at`. `untried` says that this lease was no failed attempt at it.

        Raises:
            LeaseLost: another worker has the task now.
        """
        is_ready = at <= work.now()
        given_back = work.change(
            releasing(by_server=work.by_server, at_once=is_ready),
            failed=int(not untried),
            # So long from now, whatever the server's clock says by now.
            **({} if is_ready else {"available": work.moment(at - work.now())}),
            **_mine(lease),
        )
        _require(given_back, lease)
        if is_ready and self._signals is not None:
            self._signals.publish(work, _TOPIC)

    def _is_mine(self, work: Work, lease: Lease) -> bool:
        return bool(work.ask(standing_of(), **_mine(lease)))

    def recover(self, work: Work, but: str = "") -> int:
        """Free every lease, `but` those of one kind, and return how many: for a start-up that is the only worker."""
        held = update(TaskRow).where(TaskRow.kind != but, TaskRow.lease_id.is_not(None))
        return _rows(work.session.execute(held.values(_lost())))

    def now(self, work: Work) -> datetime:
        """Return the time by which leases run."""
        return work.session.scalars(select(work.at())).one()

    def clock_went_back(self, work: Work, by: timedelta) -> None:
        """Bring forward what the clock has put off by being set back: what was due within that time is due now."""
        until = work.at(by + self.lease_time)
        waits = update(TaskRow).where(not_(TaskRow.ready), TaskRow.lease_id.is_(None))
        work.session.execute(waits.where(TaskRow.available_at <= until).values(available_at=work.at()))
        ready = update(TaskRow).where(TaskRow.ready, TaskRow.available_at > work.at())
        work.session.execute(ready.values(available_at=work.at()))
        held = update(TaskRow).where(TaskRow.lease_until > work.at(self.lease_time))
        work.session.execute(held.values(lease_until=work.at(self.lease_time)))

    def is_suspect(self, work: Work, lease: Lease) -> bool:
        """Say whether a task that was claimed as a suspect still is one: it has made no progress yet."""
        return work.session.scalars(select(IS_SUSPECT).where(TaskRow.lease_id == lease.id)).first() is True

    def waiting(self, work: Work, kind: str) -> int:
        """Return how many tasks of `kind` there are, held or not."""
        return work.session.scalars(select(func.count()).where(TaskRow.kind == kind)).one()

    def outlook(self, work: Work, kind: str, org_id: str, ending: str) -> tuple[int, datetime | None]:
        """Return how many tasks of `kind` an organisation has whose subjects end so, and when the first is due."""
        asked = TaskRow.kind == kind, TaskRow.org_id == org_id, TaskRow.subject.endswith(ending, autoescape=True)
        found = select(func.count(), func.min(TaskRow.available_at)).where(*asked)
        count, first = work.session.execute(found).one()
        return count, first

    def missing(self, work: Work, kind: str, subjects: Sequence[str]) -> list[str]:
        """Return those of `subjects` about which there is nothing to do."""
        known: set[str] = set()
        for at in range(0, len(subjects), _ASKED_AT_ONCE):
            some = subjects[at : at + _ASKED_AT_ONCE]
            known.update(
                work.session.scalars(select(TaskRow.subject).where(TaskRow.kind == kind, TaskRow.subject.in_(some)))
            )
        return [subject for subject in subjects if subject not in known]

    def _finding(self, work: Work, kinds: Collection[str]) -> Finding:
        return finding(frozenset(kinds), self._version, by_server=work.by_server)

    def _next(self, work: Work, finding: Finding, *, suspects: bool) -> TaskRow | None:
        def has_room(org_id: str) -> bool:
            return self._has_room(work, org_id)

        asked = {"now": work.moment(), **self._turns.last()}
        ((has_late, first, interrupted, *likely),) = work.ask(finding.first, **asked)
        if has_late:
            self.tend(work)
            ((_, first, interrupted, *likely),) = work.ask(finding.first, **asked)
        since = work.aside.read_time(first) if first is not None else None
        if since is not None and suspects:
            return self._turns.take(work, finding.suspects, has_room)
        if since is not None and since < self.now(work) - _PATIENCE:
            return None
        if interrupted is not None:
            most = _LOOKED_AT if self._most_at_once else 1
            for row in work.fetch(finding.interrupted, now=work.moment(), most=most):
                if has_room(row.org_id):
                    return row
        return self._turns.take(work, finding.others, has_room, likely)

    def _has_room(self, work: Work, org_id: str) -> bool:
        if not self._most_at_once or not org_id:
            return True
        if work.session.get_bind().dialect.name != "sqlite":
            # One after the other, so that two workers can't both take the last place.
            work.session.connection().execute(select(func.pg_advisory_xact_lock(func.hashtext(org_id))))
        under_way = select(func.count()).where(TaskRow.org_id == org_id, TaskRow.lease_until.is_not(None))
        return work.session.scalars(under_way).one() < self._most_at_once

    def _lease(self, work: Work, row: TaskRow) -> Lease:
        lease_id = work.new_id("lse")
        work.change(
            leasing(by_server=work.by_server),
            of_kind=row.kind,
            of_subject=row.subject,
            lease=lease_id,
            version=max(row.version, self._version),
            until=work.moment(self.lease_time),
        )
        return replace(_as_lease(row), id=lease_id)

    def standing(self, work: Work, kind: str, subject: str) -> Standing | None:
        """Return how a task stands, or None if nobody asks for it."""
        row = work.session.get(TaskRow, (kind, subject))
        return None if row is None else Standing(row.available_at, row.lease_until, row.attempts)


def _mine(lease: Lease) -> dict[str, str]:
    return {"of_kind": lease.kind, "of_subject": lease.subject, "of_lease": lease.id}


def _require(changed: int, lease: Lease) -> None:
    if changed == 0:
        raise LeaseLost(f"The lease on {lease.kind} {lease.subject} is lost to another worker.")


def _lost() -> dict[str, Any]:
    """Return what becomes of a task whose worker died or stood still."""
    lost = case((TaskRow.lease_id.is_(None), TaskRow.lost), else_=TaskRow.lost + 1)
    return {"ready": True, "lost": lost, "lease_id": None, "lease_until": None}


def _as_lease(row: TaskRow) -> Lease:
    return Lease(row.lease_id or "", row.kind, row.subject, row.org_id, row.wakes, row.attempts + 1, row.lost)


def _rows(result: object) -> int:
    return result.rowcount if isinstance(result, CursorResult) else 0
