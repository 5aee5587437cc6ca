"""Which organisations' rules stand in this process: read at its start, and again when another version is in force."""

import threading

from sqlalchemy import select

from jindou.db import Database, Work
from jindou.errors import JindouError
from jindou.identity.policy.service import Policy
from jindou.identity.policy.tables import PolicyHeadRow, PolicyVersionRow
from jindou.telemetry import get_logger

__all__ = ["Standing"]

_LOOK_SECONDS = 0.5
_HEADS = select(PolicyHeadRow.org_id, PolicyHeadRow.changes, PolicyHeadRow.active)
_log = get_logger(__name__)


class Standing:
    """Keeps the rules of `policy` at what is in force, at most half a second behind the database."""

    def __init__(self, database: Database, policy: Policy) -> None:
        self._database = database
        self._policy = policy
        self._seen: dict[str, int] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep_looking, name="policies", daemon=True)

    def look(self) -> None:
        """Take over what changed since the last look.

        Raises:
            DatabaseUnavailable: nobody can say now.
        """
        with self._lock, self._database.reading(None) as work:
            for head in work.session.execute(_HEADS):
                if self._seen.get(head.org_id) != head.changes:
                    self._policy.adopt(head.org_id, _rules_of(work, head.org_id, head.active))
                    self._seen[head.org_id] = head.changes

    def catch_up(self) -> None:
        """Take over what changed, or do it at a later look where nobody can say now."""
        try:
            self.look()
        except JindouError as error:
            _log.warning("no rules were looked for", extra={"fields": {"error": error.message}})

    def start(self) -> None:
        """Begin to look again and again."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(timeout=5.0)

    def _keep_looking(self) -> None:
        while not self._stopping.wait(_LOOK_SECONDS):
            self.catch_up()


def _rules_of(work: Work, org_id: str, number: int) -> dict[str, str]:
    """Return the files of rules of a version; 0 has none."""
    found = work.session.scalars(
        select(PolicyVersionRow.files).where(PolicyVersionRow.org_id == org_id, PolicyVersionRow.number == number)
    ).first()
    return {name: str(text) for name, text in (found or {}).items() if name.endswith(".cedar")}
