"""The deployments of every organisation, kept in memory for two seconds."""

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select

from jindou.db import Database, Work
from jindou.errors import JindouError
from jindou.models.deployments.tables import DeploymentRow
from jindou.models.deployments.types import Deployment, Member
from jindou.telemetry import get_logger

__all__ = ["Shelf", "deployment_of"]

_FRESH_SECONDS: Final = 2.0
_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Known:
    read_at: float
    deployments: Mapping[str, Deployment]


class Shelf:
    """What there is, by name: the `standing` one, and what an organisation has made. Safe from any thread."""

    def __init__(
        self, database: Database, standing: Callable[[], Deployment | None], monotonic: Callable[[], float]
    ) -> None:
        self._find_standing = standing
        self._standing: dict[str, Deployment] = {}
        self._database = database
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._known: dict[str, _Known] = {}
        self._reading: set[str] = set()
        self._served: frozenset[str] = frozenset()
        self._served_at = -math.inf

    @property
    def standing(self) -> dict[str, Deployment]:
        """What the settings give to everybody. While nobody says what that is, it stays what it was."""
        found = self._find_standing()
        if found is not None:
            self._standing = {found.name: found}
        return self._standing

    def of(self, org_id: str) -> Mapping[str, Deployment]:
        """Return the deployments of an organisation. Only the first call waits; a later one has them read again."""
        known = self._known.get(org_id)
        if known is None:
            return self._read(org_id)
        if self._monotonic() - known.read_at > _FRESH_SECONDS:
            self._read_soon(org_id)
        return known.deployments

    def now(self, work: Work, org_id: str) -> dict[str, Deployment]:
        """Return what a unit of work sees."""
        rows = work.session.scalars(select(DeploymentRow).where(DeploymentRow.org_id == org_id))
        return self.standing | {row.name: deployment_of(row) for row in rows}

    def served(self) -> frozenset[str]:
        """Return the models of this machine that somebody has, at work or not."""
        if self._monotonic() - self._served_at > _FRESH_SECONDS:
            with self._database.reading(None) as work:
                rows = [deployment_of(row) for row in work.session.scalars(select(DeploymentRow))]
            found = [*rows, *self.standing.values()]
            self._served = frozenset(m.model for d in found for m in d.members if m.is_local)
            self._served_at = self._monotonic()
        return self._served

    def forget(self, org_id: str) -> None:
        """Have an organisation's deployments read again, because they have changed."""
        self._served_at = -math.inf
        self._known.pop(org_id, None)

    def _read(self, org_id: str) -> Mapping[str, Deployment]:
        with self._database.reading(org_id) as work:
            found = self.now(work, org_id)
        self._known[org_id] = _Known(self._monotonic(), found)
        return found

    def _read_soon(self, org_id: str) -> None:
        """Read again in another thread, since an event loop may be asking in this one."""
        with self._lock:
            if org_id in self._reading:
                return
            self._reading.add(org_id)

        def read() -> None:
            try:
                self._read(org_id)
            except JindouError as error:
                _log.warning("deployments not read", extra={"fields": {"error": error.message}})
            finally:
                self._reading.discard(org_id)

        threading.Thread(target=read, name="deployments", daemon=True).start()


def deployment_of(row: DeploymentRow) -> Deployment:
    """Return the deployment that a row holds."""
    members = tuple(Member.model_validate(member) for member in row.members)
    return Deployment(name=row.name, members=members, context_tokens=row.context_tokens)
