"""Decisions written down for a few days, so that new rules can be held against what really happens."""

import threading
from datetime import timedelta

from sqlalchemy import delete

from jindou.agents.policies.tables import PolicyDecisionRow
from jindou.agents.tools import Checked, Doorway
from jindou.db import Database, Work
from jindou.errors import JindouError
from jindou.telemetry import get_logger

__all__ = ["Recorder"]

_KEPT = timedelta(days=7, hours=12)
_PAUSE_SECONDS = 3600.0
_log = get_logger(__name__)


class Recorder:
    """Keeps what the rules were asked about each call, for a week."""

    def __init__(self, doorway: Doorway) -> None:
        self._doorway = doorway

    def record(self, work: Work, checked: Checked) -> None:
        """Write down what the rules were asked about a call before anybody approved it."""
        action, resource, context = self._doorway.question_of(checked)
        who = checked.asked.who
        work.new(
            PolicyDecisionRow,
            id=work.new_id("pdc"),
            org_id=who.org_id,
            at=work.now(),
            person_id=who.person_id,
            roles=list(who.roles),
            assistant=resource.id,
            grants=list(resource.grants),
            action=action,
            context=context,
        )

    @staticmethod
    def forget(database: Database, closing: threading.Event) -> None:
        """Delete what is more than a week old, at once and every hour, until `closing`."""
        while True:
            try:
                with database.writing(None) as work:
                    work.session.execute(delete(PolicyDecisionRow).where(PolicyDecisionRow.at < work.now() - _KEPT))
            except JindouError as error:
                _log.warning("old decisions are still there", extra={"fields": {"error": error.message}})
            if closing.wait(_PAUSE_SECONDS):
                return
