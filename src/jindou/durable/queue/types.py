"""A lease on a task."""

from dataclasses import dataclass
from datetime import datetime

from jindou.errors import Conflict

__all__ = ["Lease", "LeaseLost", "Standing"]


class LeaseLost(Conflict):
    """Another worker has the task now: whatever this one still wants to write must not be written."""

    code = "lease_lost"


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on a task until somebody else takes over. `id` is the fencing token.

    `attempts` counts the leases since the task last made progress, this one included; `is_suspect` says that some of
    them ended with their workers.
    """

    id: str
    kind: str
    subject: str
    org_id: str
    wakes: int
    attempts: int
    is_suspect: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """How a task stands: when it may be taken, until when a worker has it, and how many took it without progress."""

    available_at: datetime
    lease_until: datetime | None
    attempts: int
