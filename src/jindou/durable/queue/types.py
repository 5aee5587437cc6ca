"""A lease on a task."""

from dataclasses import dataclass

from jindou.errors import Conflict

__all__ = ["Lease", "LeaseLost"]


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
