"""Rights to decide that people hand to each other for a time."""

from datetime import timedelta

from sqlalchemy import or_, select, update

from jindou.agents.approvals.rights import is_active, question
from jindou.agents.approvals.tables import DelegationRow
from jindou.agents.approvals.types import Delegation, NewDelegation
from jindou.agents.assistants import Assistants
from jindou.db import Work
from jindou.errors import Invalid, NotFound
from jindou.identity.audit import Audit, Entry
from jindou.identity.policy import Policy, Resource
from jindou.identity.principals import Principal, Principals

__all__ = ["Delegations"]

_LONGEST = timedelta(days=90)


class Delegations:
    """Who stands in for whom."""

    def __init__(self, policy: Policy, audit: Audit, principals: Principals, assistants: Assistants) -> None:
        self._policy = policy
        self._audit = audit
        self._principals = principals
        self._assistants = assistants

    def create(self, work: Work, who: Principal, new: NewDelegation) -> Delegation:
        """Hand one's own right to decide to somebody else.

        Raises:
            NotFound: there is no such person or assistant.
            Forbidden: who hands it on may decide nothing of the kind themselves.
            Invalid: it is to oneself, for a tool that the assistant does not have, or for a time that is no time.
        """
        to = self._principals.find(work, new.to)
        starts_at = new.starts_at or work.now()
        if to.id == who.person_id:
            raise Invalid("A right is handed to somebody else.", field="to", rule="somebody else")
        if not starts_at < new.ends_at or new.ends_at <= work.now():
            told = "A right is handed on for a time that ends after it begins, and not in the past."
            raise Invalid(told, field="ends_at", rule="after starts_at and now")
        if new.ends_at - starts_at > _LONGEST:
            told = f"A right is handed on for {_LONGEST.days} days at most; hand it on again then."
            raise Invalid(told, field="ends_at", rule=f"at most {_LONGEST.days} days after it begins")
        context = {"decides": self._decides(who, new)}
        decision = self._policy.require(who, "approvals::delegate", Resource("Organisation", who.org_id), context)
        row = DelegationRow(
            id=work.new_id("dlg"),
            org_id=who.org_id,
            from_id=who.person_id,
            to_id=to.id,
            assistant=new.assistant,
            tool=new.tool,
            starts_at=starts_at,
            ends_at=new.ends_at,
            created_at=work.now(),
        )
        work.session.add(row)
        self._record(work, who, row, "approvals::delegate", [rule.id for rule in decision.rules])
        return self._delegation(work, row)

    def list_delegations(self, work: Work, who: Principal) -> list[Delegation]:
        """Return what one handed to others and what others handed to one, the newest first."""
        mine = or_(DelegationRow.from_id == who.person_id, DelegationRow.to_id == who.person_id)
        rows = work.session.scalars(select(DelegationRow).where(mine).order_by(DelegationRow.id.desc()))
        return [self._delegation(work, row) for row in rows.all()]

    def revoke(self, work: Work, who: Principal, delegation_id: str) -> Delegation:
        """Take a right back; what was approved with it and has not begun does not count any more.

        Raises:
            NotFound: one handed on no such right.
        """
        mine = DelegationRow.id == delegation_id, DelegationRow.from_id == who.person_id
        row = work.session.scalars(select(DelegationRow).where(*mine)).first()
        if row is None:
            raise NotFound("You have handed on no such right.")
        if row.revoked_at is None:
            row.revoked_at = work.now()
            self._record(work, who, row, "approvals::revoke", [])
        return self._delegation(work, row)

    def revoke_all(self, work: Work, person_id: str) -> None:
        """Take back every right that a person handed on, or was handed."""
        theirs = or_(DelegationRow.from_id == person_id, DelegationRow.to_id == person_id)
        standing = update(DelegationRow).where(theirs, DelegationRow.revoked_at.is_(None))
        work.session.execute(standing.values(revoked_at=work.now()))

    def _decides(self, who: Principal, new: NewDelegation) -> bool:
        """Say whether somebody may decide, by a rule, about any call of those that they hand on."""
        named = [self._assistants.get(new.assistant)] if new.assistant else self._assistants.list_assistants()
        calls = [(one.slug, tool) for one in named for tool in one.tools if new.tool in {None, tool}]
        if not calls:
            raise Invalid(f"No assistant has the tool {new.tool}.", field="tool", rule="one of an assistant's")
        asked = (question(slug, tool, {}, own=False, delegated=False) for slug, tool in calls)
        return any(self._policy.decide(who, *each).verb == "allow" for each in asked)

    def _record(self, work: Work, who: Principal, row: DelegationRow, action: str, rules: list[str]) -> None:
        detail: dict[str, object] = {
            "to": row.to_id,
            "assistant": row.assistant or "",
            "tool": row.tool or "",
            "starts_at": row.starts_at.isoformat(),
            "ends_at": row.ends_at.isoformat(),
        }
        entry = Entry(action=action, resource=row.id, decision="allow", rules=rules, detail=detail)
        self._audit.append(work, row.org_id, actor=who.actor, on_behalf_of=who.person_id, entry=entry)

    def _delegation(self, work: Work, row: DelegationRow) -> Delegation:
        return Delegation(
            id=row.id,
            from_id=row.from_id,
            from_name=self._name(work, row.from_id),
            to_id=row.to_id,
            to_name=self._name(work, row.to_id),
            assistant=row.assistant,
            tool=row.tool,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            created_at=row.created_at,
            revoked_at=row.revoked_at,
            is_active=is_active(work, row),
        )

    def _name(self, work: Work, person_id: str) -> str:
        try:
            return self._principals.get(work, person_id).name
        except NotFound:
            return person_id
