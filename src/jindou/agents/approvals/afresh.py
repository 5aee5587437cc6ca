"""Looking again at calls that wait: what they would change by now, and whether approving one can still let it pass."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Final

from sqlalchemy import select

from jindou.agents.approvals.askers import Askers, Kind
from jindou.agents.approvals.queries import as_approval, is_open
from jindou.agents.approvals.tables import ApprovalRow
from jindou.agents.approvals.types import Approval, Now
from jindou.agents.assistants import Assistant, Assistants
from jindou.agents.tools import Asked, Checked, Doorway, ToolError
from jindou.db import Database, Work
from jindou.errors import Conflict, NotFound
from jindou.identity.principals import Principal, Principals

__all__ = ["Afresh", "ApprovalVoid", "asked_again", "hash_of", "origins_of"]

_MOST: Final = 50
"""As many as a page shows at once; the others are looked at when they are opened."""
_SECONDS: Final = 2.0
_UNKNOWN: Final = Now(state="unknown")


class ApprovalVoid(Conflict):
    """What the call would change is not as it was when it was asked, so approving it as it was can only fail."""

    code = "approval_void"

    def __init__(self) -> None:
        super().__init__(
            "This has changed since it was asked, and approving it as it was can only fail. Look at it as it is now,"
            " then decide."
        )


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A call that waits, with the facts that were shown."""

    approval: Approval
    facts: Mapping[str, Any]
    asked: Asked


class Afresh:
    """Asks the tools of calls that wait what is so now; they have `seconds` for all of a list.

    It opens units of work of its own, and asks outside of them.
    """

    def __init__(
        self,
        doorway: Doorway,
        assistants: Assistants,
        principals: Principals,
        seconds: float = _SECONDS,
    ) -> None:
        self.seconds = seconds
        self._doorway = doorway
        self._assistants = assistants
        self._principals = principals
        self._askers = Askers()

    def look(self, database: Database, org_id: str, found: Sequence[Approval]) -> list[Approval]:
        """Return approvals with how each of the first that wait stands now."""
        wanted = [one.id for one in found if one.status == "waiting"][:_MOST]
        seen = self._look(database, org_id, wanted)
        return [one.model_copy(update={"now": seen[one.id]}) if one.id in seen else one for one in found]

    def void(self, database: Database, org_id: str, approval_ids: Collection[str]) -> set[str]:
        """Return those of some approvals that are known to let nothing pass any more."""
        seen = self._look(database, org_id, approval_ids)
        return {id_ for id_, now in seen.items() if now.state in {"moved", "void"}}

    def _look(self, database: Database, org_id: str, approval_ids: Collection[str]) -> dict[str, Now]:
        if not approval_ids:
            return {}
        with database.reading(org_id) as work:
            rows = work.session.scalars(select(ApprovalRow).where(ApprovalRow.id.in_(approval_ids))).all()
            waiting = [self._waiting(work, row) for row in rows if is_open(work, row)]
        known = [one for one in waiting if one is not None]
        questions: defaultdict[Kind, dict[str, Callable[[], Now]]] = defaultdict(dict)
        for one in known:
            questions[org_id, one.asked.assistant.pack, one.asked.name][one.approval.id] = partial(self._now, one)
        found = self._askers.ask(questions, self.seconds)
        return {id_: now if isinstance(now, Now) else _UNKNOWN for id_, now in found.items()}

    def _waiting(self, work: Work, row: ApprovalRow) -> _Waiting | None:
        try:
            assistant = self._assistants.get(row.assistant)
            who = self._principals.principal(work, row.org_id, row.requested_by)
        except NotFound:
            return None
        return _Waiting(as_approval(row), row.facts, asked_again(row, assistant, who, work.now()))

    def _now(self, one: _Waiting) -> Now:
        approval = one.approval
        try:
            checked = self._doorway.check(one.asked)
            if self._is_refused(checked):
                return Now(state="void", rules=list(checked.decision.rules))
            if checked.problem is not None:
                return Now(state="void", problem=checked.problem)
            changes = self._doorway.preview(checked)
        except ToolError as error:
            return Now(state="void", problem=str(error))
        differing = [] if changes == approval.changes else changes
        facts = dict(checked.facts or {})
        if checked.arguments_hash != approval.arguments_hash or (one.facts != facts and one.asked.undoes):
            return Now(state="void", changes=differing)
        if one.facts != facts:
            return Now(state="moved", changes=differing, facts_hash=hash_of(facts))
        return Now(state="changed" if differing else "same", changes=differing)

    def _is_refused(self, checked: Checked) -> bool:
        """Say whether the rules refuse the call to who asked, also where it puts an effect back."""
        if checked.decision.verb != "deny" or checked.asked.undoes:
            return checked.decision.verb == "deny"
        return self._doorway.check(replace(checked.asked, undoes=True)).decision.verb == "deny"


def hash_of(facts: Mapping[str, Any]) -> str:
    """Return what binds an approval to facts: the SHA-256 of them as JSON, in hexadecimal."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()


def asked_again(
    row: ApprovalRow,
    assistant: Assistant,
    who: Principal,
    now: datetime,
    *,
    arguments: Mapping[str, object] | None = None,
    origins: Mapping[str, str] | None = None,
) -> Asked:
    """Return a call that waits as its tool is asked about it, with other `arguments` where they are given."""
    return Asked(
        who=who,
        assistant=assistant,
        name=row.tool,
        arguments=row.arguments if arguments is None else arguments,
        # Not the key of the effect: what a tool remembers of that one is what the run itself was told.
        key=f"look:{row.id}",
        now=now,
        undoes=row.tool not in assistant.tools,
        origins=origins_of(row) if origins is None else origins,
    )


def origins_of(row: ApprovalRow) -> dict[str, str]:
    """Return where each argument of a call comes from, as the rules look at it."""
    return {name: str(origin["source"]) for name, origin in row.origins.items()}
