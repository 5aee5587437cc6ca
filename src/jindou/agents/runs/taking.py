"""Taking runs in hand: each under its lock and under the lease of its worker, many in one transaction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jindou.agents.runs.journal import Journal
from jindou.agents.runs.queries import look_locked
from jindou.agents.runs.tables import RunRow
from jindou.db import Work
from jindou.durable.queue import Lease, Queue

__all__ = ["Taking", "taker"]


@dataclass(slots=True)
class Taking:
    """What a segment begins a unit of work with: its `run`, if there is one, locked, and its lease, made longer."""

    lease: Lease
    run: RunRow | None = None


def taker(queue: Queue, journal: Journal) -> Callable[[Work, Sequence[Taking]], Sequence[bool]]:
    """Return what takes runs in hand for the units of work of one transaction, and says which are ready.

    Where it takes several none is ready that somebody else has locked, nor one that is gone or lost. It raises
    LeaseLost where it takes one.
    """

    def take(work: Work, takings: Sequence[Taking]) -> Sequence[bool]:
        # First the runs, then their tasks, as the doors do: in one order nobody waits for each other.
        runs = look_locked(work, [taking.lease.subject for taking in takings])
        for taking in takings:
            taking.run = runs.get(taking.lease.subject)
        ready = _hold(queue, work, takings)
        journal.hold(work, [taking.lease.org_id for taking in takings])
        return ready

    return take


def _hold(queue: Queue, work: Work, takings: Sequence[Taking]) -> Sequence[bool]:
    if len(takings) == 1:
        queue.hold(work, takings[0].lease)
        return [True]
    found = [taking for taking in takings if taking.run is not None]
    if not found:
        return [False] * len(takings)
    held = queue.hold_some(work, [taking.lease for taking in found])
    return [taking.run is not None and taking.lease.id in held for taking in takings]
