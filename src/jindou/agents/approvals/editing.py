"""Changing a call before it is approved: the rules look again, at who asked and at who approves."""

from collections.abc import Mapping

from jindou.agents.approvals.afresh import ApprovalVoid, hash_of
from jindou.agents.approvals.rights import Right, RightsOf
from jindou.agents.approvals.tables import ApprovalRow
from jindou.agents.approvals.types import Origin
from jindou.agents.assistants import Assistants
from jindou.agents.tools import Asked, Change, Checked, Doorway, ToolError
from jindou.db import Work
from jindou.errors import Invalid
from jindou.identity.principals import Principal, Principals

__all__ = ["Editing"]


class Editing:
    """Puts other arguments into a call that waits."""

    def __init__(self, doorway: Doorway, assistants: Assistants, principals: Principals) -> None:
        self._doorway = doorway
        self._assistants = assistants
        self._principals = principals

    def edit(
        self, work: Work, rights: RightsOf, row: ApprovalRow, who: Principal, arguments: Mapping[str, object]
    ) -> Right:
        """Change the arguments, with everything that follows from them, and return the right to approve these.

        Raises:
            Invalid: the tool does not take these arguments, or they can't be changed at all.
            Forbidden: a rule refuses them to who asked, or to who approves.
            ApprovalVoid: they are those that were asked for, and what they would change has changed.
        """
        changed = {name for name, value in arguments.items() if row.arguments.get(name) != value}
        origins = {
            name: Origin(source="approver").model_dump() if name in changed else row.origins.get(name, _UNKNOWN)
            for name in arguments
        }
        checked = self._check(work, row, arguments, {name: origin["source"] for name, origin in origins.items()})
        right = rights.require(row, checked.facts or {})
        if checked.arguments_hash == row.arguments_hash:
            if row.facts != dict(checked.facts or {}):
                raise ApprovalVoid
            return right
        self._put(row, checked)
        if row.edited_by_name is None:
            row.asked_arguments = row.arguments
        row.origins = origins
        row.arguments, row.arguments_hash = dict(arguments), checked.arguments_hash
        row.edited_by_name = who.name
        return right

    def renew(self, work: Work, rights: RightsOf, row: ApprovalRow, facts_hash: str) -> Right:
        """Have the call wait as it is now, if that is as it was seen, and return the right to approve it so.

        Raises:
            Invalid: the tool does not take it any more.
            Forbidden: a rule refuses it to who asked, or to who approves.
            ApprovalVoid: it has changed again since it was seen.
        """
        sources = {name: str(origin["source"]) for name, origin in row.origins.items()}
        checked = self._check(work, row, row.arguments, sources)
        facts = dict(checked.facts or {})
        if hash_of(facts) != facts_hash or checked.arguments_hash != row.arguments_hash:
            raise ApprovalVoid
        right = rights.require(row, facts)
        self._put(row, checked)
        # Who approved before has seen something else.
        row.votes = []
        return right

    def _put(self, row: ApprovalRow, checked: Checked) -> None:
        """Put down what the call would change, and who must approve it, by the rules as they are now."""
        row.changes = [change.model_dump() for change in self._preview(checked)]
        row.facts = dict(checked.facts or {})
        row.needed = 1
        if checked.decision.verb == "ask":
            row.needed = checked.decision.approvers
            row.rules = [rule.model_dump() for rule in checked.decision.rules]

    def _check(
        self, work: Work, row: ApprovalRow, arguments: Mapping[str, object], origins: Mapping[str, str]
    ) -> Checked:
        assistant = self._assistants.get(row.assistant)
        if row.tool not in assistant.tools:
            raise Invalid("This puts an effect back: its arguments are what they were.", field="arguments", rule="kept")
        asked = Asked(
            who=self._principals.principal(work, row.org_id, row.requested_by),
            assistant=assistant,
            name=row.tool,
            arguments=arguments,
            key=f"{row.run_id}:{row.step_id}",
            now=work.now(),
            origins=origins,
        )
        try:
            checked = self._doorway.check(asked)
        except ToolError as error:
            raise _refused(error) from None
        if checked.decision.verb == "deny":
            checked.decision.require()
        if checked.problem is not None:
            raise Invalid(checked.problem, field="arguments", rule="of the tool")
        return checked

    def _preview(self, checked: Checked) -> list[Change]:
        try:
            return self._doorway.preview(checked)
        except ToolError as error:
            raise _refused(error) from None


_UNKNOWN = Origin(source="model").model_dump()


def _refused(error: ToolError) -> Invalid:
    return Invalid(str(error), field="arguments", rule="of the tool")
