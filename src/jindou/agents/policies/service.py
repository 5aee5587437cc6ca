"""An organisation's own rules: proposed, tried on last week, put in force and taken back."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import func, select

from jindou.agents.policies.changes import changes_between, shown, widened_for
from jindou.agents.policies.checking import Checker, Findings, cedar_of
from jindou.agents.policies.failures import PolicyMoved, PolicyRefused
from jindou.agents.policies.shadow import shadow_of
from jindou.agents.policies.types import (
    PolicyActivation,
    PolicyCheck,
    PolicyDetail,
    PolicyDiff,
    PolicyProposal,
    PolicyShadow,
    PolicyState,
    PolicyVersion,
)
from jindou.db import Work
from jindou.errors import Conflict, Forbidden, NotFound
from jindou.identity.audit import Audit, Entry
from jindou.identity.policy import Policy, PolicyHeadRow, PolicyVersionRow, Resource, Standing, Written
from jindou.identity.principals import OrganisationRow, Principal, Principals

__all__ = ["Policies"]

_MOST_VERSIONS = 10_000


class Policies:
    """The versions of an organisation's rules. `name_of` returns what somebody is called who may be gone."""

    def __init__(
        self,
        policy: Policy,
        standing: Standing,
        audit: Audit,
        *,
        principals: Principals,
        checker: Checker,
        name_of: Callable[[Work, str], str],
    ) -> None:
        self._policy = policy
        self._standing = standing
        self._audit = audit
        self._principals = principals
        self._checker = checker
        self._name_of = name_of

    def may_read(self, who: Principal) -> bool:
        """Say whether somebody may see the rules."""
        return self._may(who, "policies::read")

    def may_activate(self, who: Principal) -> bool:
        """Say whether somebody may put rules in force."""
        return self._may(who, "policies::activate")

    def state(self, work: Work, who: Principal) -> PolicyState:
        """Return the versions, and which is in force.

        Raises:
            Forbidden: this person may not see them.
        """
        self._require(who, "policies::read")
        head = _head(work)
        active = head.active if head else 0
        rows = work.session.scalars(select(PolicyVersionRow).order_by(PolicyVersionRow.number.desc()).limit(200))
        return PolicyState(
            active=active,
            previous=head.previous if head else None,
            changed_at=head.changed_at if head else None,
            changed_by_name=self._name_of(work, head.changed_by) if head else "",
            versions=[self._version(work, row, active) for row in rows],
        )

    def get(self, work: Work, who: Principal, number: int) -> PolicyDetail:
        """Return a version with its files.

        Raises:
            Forbidden: this person may not see it.
            NotFound: there is no such version.
        """
        self._require(who, "policies::read")
        row = _row(work, number)
        told = self._version(work, row, self._active(work)).model_dump()
        return PolicyDetail(**told, files=dict(row.files), rules=[shown(one) for one in _written(work, number)])

    def check(self, work: Work, who: Principal, files: Mapping[str, str]) -> PolicyCheck:
        """Say what is wrong with files and what they would change, and keep nothing.

        Raises:
            Forbidden: this person may not see the rules.
        """
        self._require(who, "policies::read")
        found = self._checker.examine(work, who.org_id, files)
        read = bool(found.written) or not found.problems
        return PolicyCheck(
            good=not found.problems,
            problems=found.problems,
            notes=found.notes,
            rules=found.rules,
            trials=found.trials,
            changes=changes_between(_written(work, self._active(work)), found.written) if read else [],
        )

    def propose(self, work: Work, who: Principal, proposal: PolicyProposal) -> PolicyVersion:
        """Keep files as the next version; nothing is decided by them yet.

        Raises:
            Forbidden: this person may not propose rules.
            PolicyRefused: something is wrong with them.
            Conflict: nothing differs from the newest version, or there are too many.
        """
        who, rules = self._hold(work, who, "policies::propose")
        _require_good(self._checker.examine(work, who.org_id, proposal.files))
        newest = work.session.scalars(select(func.max(PolicyVersionRow.number))).one() or 0
        digest = _digest(proposal.files)
        if newest >= _MOST_VERSIONS:
            raise Conflict(f"There are {_MOST_VERSIONS} versions already.")
        if newest and _row(work, newest).digest == digest:
            raise Conflict(f"Nothing differs from version {newest}.")
        row = PolicyVersionRow(
            org_id=who.org_id,
            number=newest + 1,
            author_id=who.person_id,
            created_at=work.now(),
            note=proposal.note,
            digest=digest,
            files=dict(proposal.files),
        )
        work.session.add(row)
        work.session.flush()
        self._record(work, who, "policies::propose", row.number, rules, digest=digest, note=proposal.note)
        return self._version(work, row, self._active(work))

    def diff(self, work: Work, who: Principal, number: int, against: int | None = None) -> PolicyDiff:
        """Return what differs between a version and another one, or what is in force.

        Raises:
            Forbidden: this person may not see them.
            NotFound: there is no such version.
        """
        self._require(who, "policies::read")
        before = self._active(work) if against is None else against
        changes = changes_between(_written(work, before), _written(work, number))
        return PolicyDiff(before=before, after=number, changes=changes)

    def shadow(self, work: Work, who: Principal, number: int) -> PolicyShadow:
        """Return what a version would have changed in the last seven days.

        Raises:
            Forbidden: this person may not see it.
            NotFound: there is no such version.
        """
        self._require(who, "policies::read")
        active = self._active(work)
        now, then = (self._policy.trying(who.org_id, _written(work, one)) for one in (active, number))
        return shadow_of(work, who.org_id, (now, then), (active, number), lambda id_: self._name_of(work, id_))

    def activate(self, work: Work, who: Principal, number: int, known: PolicyActivation) -> PolicyState:
        """Put a version in force. Each process decides by it within a second.

        Raises:
            Forbidden: this person may not, or may do more by it and proposed it.
            NotFound: there is no such version.
            PolicyMoved: another version was put in force meanwhile.
            PolicyRefused: something is wrong with it.
        """
        who, rules = self._hold(work, who, "policies::activate")
        head = _head(work)
        active = _expected(head, known)
        row = _row(work, number) if number else None
        if row is not None:
            _require_good(self._checker.examine(work, who.org_id, row.files))
        # Who takes an old version out again is the one who proposes it now.
        if row is None or row.author_id == who.person_id or number < active:
            _require_no_gain(_written(work, active), _written(work, number), who)
        self._set(work, who, head, number, rules)
        return self.state(work, who)

    def roll_back(self, work: Work, who: Principal, known: PolicyActivation) -> PolicyState:
        """Put in force again what was so before. Who has put rules in force can always take them back.

        Raises:
            Forbidden: this person may not, or may do more by it and somebody else put the rules in force.
            Conflict: nothing was ever put in force.
            PolicyMoved: another version was put in force meanwhile.
            PolicyRefused: something is wrong with what was in force before.
        """
        who, rules = self._hold(work, who, "policies::activate")
        head = _head(work)
        active = _expected(head, known)
        if head is None:
            raise Conflict("No rules of your own were ever put in force.")
        if head.previous:
            _require_good(self._checker.examine(work, who.org_id, _row(work, head.previous).files))
        if head.changed_by != who.person_id:
            _require_no_gain(_written(work, active), _written(work, head.previous), who)
        self._set(work, who, head, head.previous, rules)
        return self.state(work, who)

    def _set(self, work: Work, who: Principal, head: PolicyHeadRow | None, number: int, rules: list[str]) -> None:
        before = head.active if head else 0
        if before == number:
            raise Conflict(f"Version {number} is in force already.")
        if head is None:
            head = PolicyHeadRow(org_id=who.org_id, changes=0)
            work.session.add(head)
        head.active, head.previous, head.changes = number, before, head.changes + 1
        head.changed_by, head.changed_at = who.person_id, work.now()
        work.session.flush()
        self._record(work, who, "policies::activate", number, rules, before=before)
        work.after_commit(self._standing.catch_up)

    def _hold(self, work: Work, who: Principal, action: str) -> tuple[Principal, list[str]]:
        """Let nobody else change rules or people of the organisation until the end.

        Return who asks, as they are from then on, and the rules that allow it.
        """
        self._require(who, action)
        work.session.scalars(
            select(OrganisationRow.id).where(OrganisationRow.id == who.org_id).with_for_update()
        ).one_or_none()
        who = self._principals.as_now(work, who)
        return who, self._require(who, action)

    def _active(self, work: Work) -> int:
        head = _head(work)
        return head.active if head else 0

    def _version(self, work: Work, row: PolicyVersionRow, active: int) -> PolicyVersion:
        return PolicyVersion(
            number=row.number,
            author_id=row.author_id,
            author_name=self._name_of(work, row.author_id),
            created_at=row.created_at,
            note=row.note,
            digest=row.digest,
            active=row.number == active,
        )

    def _may(self, who: Principal, action: str) -> bool:
        return self._policy.decide(who, action, Resource("Organisation", who.org_id), {}).verb == "allow"

    def _require(self, who: Principal, action: str) -> list[str]:
        return [rule.id for rule in self._policy.require(who, action, Resource("Organisation", who.org_id), {}).rules]

    def _record(self, work: Work, who: Principal, action: str, number: int, rules: list[str], **detail: object) -> None:
        entry = Entry(action=action, resource=f"version {number}", decision="allow", rules=rules, detail=detail)
        self._audit.append(work, who.org_id, actor=who.actor, on_behalf_of=who.person_id, entry=entry)


def _head(work: Work) -> PolicyHeadRow | None:
    return work.session.scalars(select(PolicyHeadRow)).first()


def _row(work: Work, number: int) -> PolicyVersionRow:
    row = work.session.scalars(select(PolicyVersionRow).where(PolicyVersionRow.number == number)).first()
    if row is None:
        raise NotFound("There is no such version.")
    return row


def _written(work: Work, number: int) -> Sequence[Written]:
    return Policy.parse(cedar_of(_row(work, number).files)) if number else []


def _expected(head: PolicyHeadRow | None, known: PolicyActivation) -> int:
    active = head.active if head else 0
    if known.over is not None and known.over != active:
        raise PolicyMoved(f"Version {active} is in force by now, not {known.over}; look at the difference again.")
    return active


def _require_good(found: Findings) -> None:
    for problem in found.problems:
        raise PolicyRefused(problem.message, field="files", rule=problem.rule)


def _require_no_gain(before: Sequence[Written], after: Sequence[Written], who: Principal) -> None:
    gained = widened_for(before, after, who)
    if gained:
        told = f"This lets you yourself do more ({', '.join(gained[:5])}): somebody else has to put it in force."
        raise Forbidden(told, rules=["jindou.no-self-grant"])


def _digest(files: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(files, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
