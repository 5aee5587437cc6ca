"""Which runs a person may see and move, and the trail of what they did."""

from jindou.agents.runs.queries import find, locked
from jindou.agents.runs.segment import Parts
from jindou.agents.runs.tables import RunRow
from jindou.db import Work
from jindou.errors import Invalid, NotFound
from jindou.identity.audit import Entry
from jindou.identity.policy import Policy, Resource
from jindou.identity.principals import Principal

__all__ = ["Reach"]


class Reach:
    """The door to the runs of an organisation: the policy says who comes in."""

    def __init__(self, parts: Parts, policy: Policy, message_max_chars: int) -> None:
        self._audit = parts.audit
        self._policy = policy
        self._message_max_chars = message_max_chars

    def visible(self, work: Work, who: Principal, run_id: str) -> RunRow:
        """Return a run that this person may see.

        Raises:
            NotFound: there is none.
        """
        row = find(work, run_id)
        if row is None:
            raise NotFound("There is no such run.")
        context = {"own": row.person_id == who.person_id}
        if self._policy.decide(who, "runs::read", Resource("Assistant", row.assistant), context).verb != "allow":
            raise NotFound("There is no such run.")
        return row

    def may(self, work: Work, who: Principal, run_id: str, action: str) -> tuple[RunRow, list[str]]:
        """Return a run that this person may do `action` to, and by which rules.

        Raises:
            NotFound: there is no run that this person may see.
            Forbidden: it works for somebody else.
        """
        row = self.visible(work, who, run_id)
        context = {"own": row.person_id == who.person_id}
        decision = self._policy.require(who, action, Resource("Assistant", row.assistant), context)
        return row, [rule.id for rule in decision.rules]

    def to_change(self, work: Work, who: Principal, run_id: str, action: str) -> tuple[RunRow, list[str]]:
        """Return a run as `may` does; nobody else changes it meanwhile.

        Raises:
            NotFound, Forbidden: as `may` says.
        """
        row, rules = self.may(work, who, run_id, action)
        return locked(work, row.id), rules

    def message(self, text: str) -> str:
        """Return what a person says to an assistant, trimmed.

        Raises:
            Invalid: it is empty or too long.
        """
        message = text.strip()
        if not message:
            raise Invalid("The message is empty.", field="message", rule="not empty")
        if len(message) > self._message_max_chars:
            told = f"The message has {len(message)} characters; at most {self._message_max_chars} are taken."
            raise Invalid(told, field="message", rule=f"at most {self._message_max_chars} characters")
        return message

    def record(self, work: Work, who: Principal, row: RunRow, action: str, rules: list[str], **detail: object) -> None:
        """Write into the trail what a person did to a run."""
        entry = Entry(
            action=action, resource=row.assistant, decision="allow", rules=rules, run_id=row.id, detail=detail
        )
        self._audit.append(work, row.org_id, actor=who.actor, on_behalf_of=who.person_id, entry=entry)
