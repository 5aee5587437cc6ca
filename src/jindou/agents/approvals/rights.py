"""Who may decide: whoever a rule lets, and whoever such a person has handed that right to."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, false, or_, select, tuple_

from jindou.agents.approvals.tables import ApprovalRow, DelegationRow
from jindou.db import Work
from jindou.errors import NotFound
from jindou.identity.policy import Decision, Policy, Resource
from jindou.identity.principals import Principal, Principals

__all__ = ["Right", "Rights", "RightsOf", "is_active", "question"]


@dataclass(frozen=True, slots=True)
class Right:
    """A right to decide: who has it, whose it is by a rule, and the rules that give it."""

    who: Principal
    owner: Principal
    decision: Decision


class RightsOf:
    """What one person can decide with: their own right, else one that was handed to them.

    A right that was handed on can't be handed on again: only what its owner has by a rule counts.
    """

    def __init__(self, policy: Policy, who: Principal, handed: Sequence[tuple[DelegationRow, Principal]]) -> None:
        self._policy = policy
        self._who = who
        self._handed = handed

    def over(
        self, row: ApprovalRow, *, but: Collection[str] = (), facts: Mapping[str, object] | None = None
    ) -> Right | None:
        """Return a right over an approval, neither by nor of anybody in `but`; with `facts`, over a call with these."""
        if self._who.person_id in but:
            return None
        for owner in self._owners(row):
            if owner.person_id not in but:
                decision = self._decide(owner, row, facts)
                if decision.verb == "allow":
                    return Right(self._who, owner, decision)
        return None

    def among(self, calls: Iterable[tuple[str, str]]) -> ColumnElement[bool]:
        """Return which approvals of these calls, as assistant and tool, of others than oneself one may decide about.

        Where that depends on the facts of a call these are among them, and `over` says it of each.
        """
        owners = [(self._who, None), *((owner, delegation) for delegation, owner in self._handed)]
        asked = [*calls]
        found: list[ColumnElement[bool]] = []
        for owner, delegation in owners:
            theirs = [call for call in asked if delegation is None or _covers(delegation, *call)]
            whose = ApprovalRow.requested_by
            for own, of in ((False, whose != owner.person_id), (True, whose == owner.person_id)):
                may = [call for call in theirs if self._may_be(owner, call, own=own)]
                if may:
                    found.append(and_(of, tuple_(ApprovalRow.assistant, ApprovalRow.tool).in_(may)))
        return and_(ApprovalRow.requested_by != self._who.person_id, or_(false(), *found))

    def _may_be(self, owner: Principal, call: tuple[str, str], *, own: bool) -> bool:
        """Say whether one may decide about a call with somebody's right; where its facts say it, that may be."""
        delegated = owner.person_id != self._who.person_id
        action, resource, context = question(*call, {}, own=own, delegated=delegated)
        if self._policy.conditions(owner, action, resource):
            return True
        return self._policy.decide(owner, action, resource, context).verb == "allow"

    def has(self, row: ApprovalRow, owner_id: str) -> bool:
        """Say whether one can decide about an approval with the right of this very person."""
        owners = (owner for owner in self._owners(row) if owner.person_id == owner_id)
        return any(self._decide(owner, row, None).verb == "allow" for owner in owners)

    def require(self, row: ApprovalRow, facts: Mapping[str, object] | None = None) -> Right:
        """Return a right over an approval.

        Raises:
            Forbidden: there is none; the rule is the one that refuses the person's own.
        """
        right = self.over(row, facts=facts)
        if right is not None:
            return right
        decision = self._decide(self._who, row, facts)
        decision.require()
        return Right(self._who, self._who, decision)

    def _owners(self, row: ApprovalRow) -> Iterator[Principal]:
        yield self._who
        for delegation, owner in self._handed:
            if _covers(delegation, row.assistant, row.tool):
                yield owner

    def _decide(self, owner: Principal, row: ApprovalRow, facts: Mapping[str, object] | None) -> Decision:
        # Neither who decides nor whose right it is may be the one who asked.
        own = row.requested_by in {self._who.person_id, owner.person_id}
        delegated = owner.person_id != self._who.person_id
        asked = question(row.assistant, row.tool, row.facts if facts is None else facts, own=own, delegated=delegated)
        return self._policy.decide(owner, *asked)


class Rights:
    """Everybody's rights to decide."""

    def __init__(self, policy: Policy, principals: Principals) -> None:
        self._policy = policy
        self._principals = principals

    def of(self, work: Work, who: Principal) -> RightsOf:
        """Return what somebody can decide with now."""
        handed: list[tuple[DelegationRow, Principal]] = []
        for row in work.session.scalars(select(DelegationRow).where(DelegationRow.to_id == who.person_id)).all():
            owner = self._person(work, row.org_id, row.from_id) if is_active(work, row) else None
            if owner is not None:
                handed.append((row, owner))
        return RightsOf(self._policy, who, handed)

    def of_id(self, work: Work, org_id: str, person_id: str) -> RightsOf | None:
        """Return what a person can decide with now, or None where they are gone."""
        who = self._person(work, org_id, person_id)
        return self.of(work, who) if who is not None else None

    def deciders(self, work: Work, row: ApprovalRow, *, but: Collection[str] = ()) -> list[Principal]:
        """Return those who may decide about an approval, neither by nor with the right of anybody in `but`."""
        people = [self._person(work, row.org_id, person.id) for person in self._principals.list_people(work)]
        return [one for one in people if one is not None and self.of(work, one).over(row, but=but) is not None]

    def _person(self, work: Work, org_id: str, person_id: str) -> Principal | None:
        try:
            return self._principals.principal(work, org_id, person_id)
        except NotFound:
            return None


def _covers(row: DelegationRow, assistant: str, tool: str) -> bool:
    return row.assistant in {None, assistant} and row.tool in {None, tool}


def is_active(work: Work, row: DelegationRow) -> bool:
    """Say whether a right is handed on now."""
    return row.revoked_at is None and row.starts_at <= work.now() < row.ends_at


def question(
    assistant: str, tool: str, facts: Mapping[str, object], *, own: bool, delegated: bool
) -> tuple[str, Resource, dict[str, object]]:
    """Return what the policy is asked: whether somebody may decide about a call."""
    context: dict[str, object] = {"own": own, "delegated": delegated, "tool": tool, "facts": dict(facts)}
    return "approvals::decide", Resource("Assistant", assistant), context
