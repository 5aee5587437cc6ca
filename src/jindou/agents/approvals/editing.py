"""Changing a call before it is approved: the rules look again, at who asked and at who approves.

The tool is asked before the transaction that decides, which only compares: a slow one keeps nobody from writing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from jindou.agents.approvals.afresh import ApprovalVoid, asked_again, hash_of, origins_of
from jindou.agents.approvals.askers import Askers, Kind
from jindou.agents.approvals.rights import Right, RightsOf
from jindou.agents.approvals.tables import ApprovalRow
from jindou.agents.approvals.types import Origin, Verdict
from jindou.agents.assistants import Assistants
from jindou.agents.tools import Asked, Change, Checked, Doorway, ToolError
from jindou.db import Work
from jindou.errors import Conflict, Invalid, JindouError
from jindou.identity.policy import Decision
from jindou.identity.principals import Principal, Principals

__all__ = ["ApprovalChanged", "Editing", "Prospect"]

_SECONDS: Final = 10.0


class ApprovalChanged(Conflict):
    """The arguments are not those any more that the decision is for."""

    code = "approval_changed"

    def __init__(self) -> None:
        super().__init__("Somebody changed the arguments meanwhile. Look at them, then decide.")


@dataclass(frozen=True, slots=True)
class Proposal:
    """A call that waits as somebody would approve it: with other arguments, or as it is now. `was` is its hash."""

    was: str
    asked: Asked
    origins: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Prospect:
    """What the tool says of a proposal: what it would change, and the facts."""

    proposal: Proposal
    checked: Checked
    changes: list[Change]


class Editing:
    """Puts other arguments into a call that waits; its tool has `seconds` to say what that would change."""

    def __init__(self, doorway: Doorway, assistants: Assistants, principals: Principals) -> None:
        self.seconds = _SECONDS
        self._doorway = doorway
        self._assistants = assistants
        self._principals = principals
        self._askers = Askers(waits=True)

    def propose(self, work: Work, row: ApprovalRow, verdict: Verdict) -> Proposal | None:
        """Return what the tool is to be asked before somebody decides; None where they approve what was asked.

        Raises:
            Invalid: the arguments can't be changed at all.
            NotFound: the assistant, or who asked, is gone.
        """
        if not verdict.changes_call:
            return None
        if verdict.arguments is None:
            return Proposal(row.arguments_hash, self._asked(work, row, row.arguments, origins_of(row)), row.origins)
        origins = {
            name: row.origins.get(name, _UNKNOWN)
            if name in row.arguments and row.arguments[name] == value
            else Origin(source="approver").model_dump()
            for name, value in verdict.arguments.items()
        }
        sources = {name: str(origin["source"]) for name, origin in origins.items()}
        return Proposal(row.arguments_hash, self._asked(work, row, verdict.arguments, sources), origins)

    def ask(self, proposals: Mapping[str, Proposal]) -> dict[str, Prospect | JindouError]:
        """Ask the tools what becomes of proposals, outside of any unit of work; what is wrong with one is its answer.

        That is `Invalid` where the tool does not take it, `Forbidden` where a rule refuses it to who asked, and
        `ToolSilent` or `ToolBroken` where the tool does not say.
        """
        questions: dict[Kind, dict[str, Callable[[], Prospect | JindouError]]] = {}
        for id_, one in proposals.items():
            kind = one.asked.who.org_id, one.asked.assistant.pack, one.asked.name
            questions.setdefault(kind, {})[id_] = partial(self._prospect, one)
        return self._askers.ask(questions, self.seconds)

    def edit(self, work: Work, rights: RightsOf, row: ApprovalRow, who: Principal, prospect: Prospect | None) -> Right:
        """Change the arguments, with everything that follows from them, and return the right to approve these.

        Raises:
            Invalid: they can't be changed at all.
            Forbidden: a rule refuses them to who asked, or to who approves.
            ApprovalChanged: somebody else has changed them since the tool was asked.
            ApprovalVoid: they are those that were asked for, and what they would change has changed.
        """
        prospect, decision = self._judge(work, row, prospect)
        checked, facts = prospect.checked, dict(prospect.checked.facts or {})
        right = rights.require(row, facts)
        if checked.arguments_hash == row.arguments_hash:
            if row.facts != facts:
                raise ApprovalVoid
            return right
        _put(row, prospect, decision)
        if row.edited_by_name is None:
            row.asked_arguments = row.arguments
        row.origins = dict(prospect.proposal.origins)
        row.arguments, row.arguments_hash = dict(checked.asked.arguments), checked.arguments_hash
        row.edited_by_name = who.name
        return right

    def renew(
        self, work: Work, rights: RightsOf, row: ApprovalRow, facts_hash: str, prospect: Prospect | None
    ) -> Right:
        """Have the call wait as it is now, if that is as it was seen, and return the right to approve it so.

        Raises:
            Forbidden: a rule refuses it to who asked, or to who approves.
            ApprovalChanged: somebody has changed the arguments since the tool was asked.
            ApprovalVoid: it has changed again since it was seen.
        """
        prospect, decision = self._judge(work, row, prospect)
        facts = dict(prospect.checked.facts or {})
        if hash_of(facts) != facts_hash or prospect.checked.arguments_hash != row.arguments_hash:
            raise ApprovalVoid
        right = rights.require(row, facts)
        if row.facts == facts:
            # Somebody else has just had it wait as it is now: both have seen the same.
            return right
        _put(row, prospect, decision)
        # Who approved before has seen something else.
        row.votes = []
        return right

    def _judge(self, work: Work, row: ApprovalRow, prospect: Prospect | None) -> tuple[Prospect, Decision]:
        """Return what the rules say now, to who asked, of what the tool was asked about.

        Nothing was asked about arguments that were not there then.
        """
        if prospect is None or prospect.proposal.was != row.arguments_hash:
            raise ApprovalChanged
        seen = prospect.checked.asked
        asked = self._asked(work, row, seen.arguments, seen.origins)
        decision = self._doorway.judge(asked, prospect.checked.facts or {})
        if decision.verb == "deny":
            decision.require()
        return prospect, decision

    def _asked(
        self, work: Work, row: ApprovalRow, arguments: Mapping[str, object], origins: Mapping[str, str]
    ) -> Asked:
        assistant = self._assistants.get(row.assistant)
        if row.tool not in assistant.tools:
            raise Invalid("This puts an effect back: its arguments are what they were.", field="arguments", rule="kept")
        who = self._principals.principal(work, row.org_id, row.requested_by)
        return asked_again(row, assistant, who, work.now(), arguments=arguments, origins=origins)

    def _prospect(self, proposal: Proposal) -> Prospect | JindouError:
        try:
            checked = self._doorway.check(proposal.asked)
            if checked.decision.verb == "deny":
                checked.decision.require()
            if checked.problem is not None:
                return _refused(checked.problem)
            return Prospect(proposal, checked, self._doorway.preview(checked))
        except ToolError as error:
            return _refused(str(error))
        except JindouError as error:
            return error


_UNKNOWN = Origin(source="model").model_dump()


def _put(row: ApprovalRow, prospect: Prospect, decision: Decision) -> None:
    """Put down what the call would change, and who must approve it, by the rules as they are now."""
    row.changes = [change.model_dump() for change in prospect.changes]
    row.facts = dict(prospect.checked.facts or {})
    row.needed = 1
    if decision.verb == "ask":
        row.needed = decision.approvers
        row.rules = [rule.model_dump() for rule in decision.rules]


def _refused(problem: str) -> Invalid:
    return Invalid(problem, field="arguments", rule="of the tool")
