"""A lease on a task."""

from dataclasses import dataclass
from datetime import datetime

from jindou.durable.queue.tables import SUSPECT
from jindou.errors import Conflict

__all__ = ["Lease", "LeaseLost", "Standing"]


class LeaseLost(Conflict):
    """Another worker has the task now: whatever this one still wants to write must not be written."""

    code = "lease_lost"


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on a task until somebody else takes over. `id` is the fencing token.

    Since the task last made progress it is the `attempts`-th attempt, where those before were given back, and `lost`
    leases in a row have ended with their workers.
    """

    id: str
    kind: str
    subject: str
    org_id: str
    wakes: int
    attempts: int
    lost: int = 0

    @property
    def is_suspect(self) -> bool:
        """Whether the task may be what its workers died of."""
        return self.lost >= SUSPECT

    @property
    def has_failed(self) -> bool:
        """Whether the task was given back or lost since it last made progress."""
        return self.attempts > 1 or self.lost > 0


@dataclass(frozen=True, slots=True)
class Standing:
    """How a task stands: when it may be taken, until when a worker has it, and how many attempts failed in a row."""

    available_at: datetime
    lease_until: datetime | None
    attempts: int
