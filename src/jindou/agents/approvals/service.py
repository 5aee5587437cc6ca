"""Approvals: a call waits, somebody with the right decides, the run is woken."""

from datetime import timedelta

from sqlalchemy import select

from jindou.agents.approvals.tables import ApprovalRow
from jindou.agents.approvals.types import Approval, Verdict
from jindou.agents.tools import Change, Checked
from jindou.billing.pricing import Money
from jindou.db import Database, Work
from jindou.durable.queue import Lease, Queue
from jindou.errors import Conflict, Invalid, NotFound
from jindou.identity.audit import Audit, Entry
from jindou.identity.policy import Policy, Resource, Rule
from jindou.identity.principals import Principal, Principals

__all__ = ["EXPIRE_TASK", "RUN_TASK", "ApprovalDecided", "Approvals"]

EXPIRE_TASK = "approval.expire"
RUN_TASK = "run"
"""The kind of task that moves a run on; a decision asks for one."""


class ApprovalDecided(Conflict):
    """Somebody decided before, or the time for it is over."""

    code = "approval_decided"


class Approvals:
    """The inbox."""

    def __init__(self, queue: Queue, policy: Policy, audit: Audit, principals: Principals, hours: float) -> None:
        self._queue = queue
        self._policy = policy
        self._audit = audit
        self._principals = principals
        self._time = timedelta(hours=hours)

    def request(
        self,
        work: Work,
        checked: Checked,
        changes: list[Change],
        *,
        run_id: str,
        step_id: str,
        message: str,
        cost: Money,
    ) -> Approval:
        """Ask for a decision about exactly this call."""
        asked = checked.asked
        now = work.now()
        row = ApprovalRow(
            id=work.new_id("apr"),
            org_id=asked.who.org_id,
            run_id=run_id,
            step_id=step_id,
            assistant=asked.assistant.slug,
            tool=checked.tool.name,
            tool_title=dict(checked.tool.title),
            risk=checked.tool.risk,
            arguments=dict(asked.arguments),
            arguments_hash=checked.arguments_hash,
            facts=dict(checked.facts or {}),
            changes=[change.model_dump() for change in changes],
            rules=[rule.model_dump() for rule in checked.decision.rules],
            cost_micro=cost.micro,
            currency=cost.currency,
            requested_by=asked.who.person_id,
            requested_by_name=asked.who.name,
            message=message,
            status="waiting",
            created_at=now,
            expires_at=now + self._time,
            reason="",
        )
        work.session.add(row)
        self._queue.enqueue(work, EXPIRE_TASK, row.id, row.org_id, row.expires_at, background=True)
        return _approval(row, can_decide=False)

    def list_approvals(self, work: Work, who: Principal, status: str | None = None, limit: int = 100) -> list[Approval]:
        """Return what one asked for or may decide, the newest first."""
        query = select(ApprovalRow).order_by(ApprovalRow.id.desc())
        if status is not None:
            query = query.where(ApprovalRow.status == status)
        visible: list[Approval] = []
        for row in work.session.scalars(query.execution_options(yield_per=limit)):
            right = self._may_decide(who, row)
            if right or row.requested_by == who.person_id:
                visible.append(_approval(row, can_decide=right and _is_open(work, row)))
            if len(visible) == limit:
                break
        return visible

    def count_waiting(self, work: Work, who: Principal) -> int:
        """Return how many approvals wait for this person's decision."""
        return sum(approval.can_decide for approval in self.list_approvals(work, who, status="waiting"))

    def get(self, work: Work, who: Principal, approval_id: str) -> Approval:
        """Return an approval one asked for or may decide.

        Raises:
            NotFound: there is none that this person may know of.
        """
        row = self._visible(work, who, approval_id)
        return _approval(row, can_decide=self._may_decide(who, row) and _is_open(work, row))

    def decide(self, work: Work, who: Principal, approval_id: str, verdict: Verdict) -> Approval:
        """Decide, and wake the run.

        Raises:
            NotFound: there is no such approval that this person may know of.
            Forbidden: they may not decide it; the rule is named.
            ApprovalDecided: it was decided before, or has expired.
            Invalid: a denial without a reason.
        """
        row = self._visible(work, who, approval_id)
        right = self._policy.require(who, "approvals::decide", _resource(row), _context(who, row))
        if not _is_open(work, row):
            status = "expired" if row.status == "waiting" else row.status
            raise ApprovalDecided(f"This request can't be decided any more: it is {status}.")
        if verdict.decision == "deny" and not verdict.reason.strip():
            raise Invalid(
                "A denial needs a reason; the person who asked will read it.", field="reason", rule="required"
            )
        row.status = "approved" if verdict.decision == "approve" else "denied"
        row.decided_by, row.decided_by_name, row.decided_at = who.person_id, who.name, work.now()
        row.reason = verdict.reason.strip()
        entry = _entry(row, "approvals::decide", "allow" if row.status == "approved" else "deny")
        entry.rules = [rule.id for rule in right.rules]
        self._audit.append(work, row.org_id, actor=who.actor, on_behalf_of=who.person_id, entry=entry)
        self._queue.enqueue(work, RUN_TASK, row.run_id, row.org_id, person_id=row.requested_by)
        return _approval(row, can_decide=False)

    def of_step(self, work: Work, step_id: str) -> Approval | None:
        """Return the approval that a step asked for, if it did."""
        row = work.session.scalars(select(ApprovalRow).where(ApprovalRow.step_id == step_id)).first()
        return _approval(row, can_decide=False) if row else None

    def still_stands(self, work: Work, approval: Approval, checked: Checked) -> bool:
        """Say whether an approval lets this very call pass.

        The arguments and the facts must be those that were shown, and who approved must still have the right.
        """
        row = work.session.get(ApprovalRow, approval.id)
        if row is None or row.status != "approved" or row.decided_by is None:
            return False
        if row.arguments_hash != checked.arguments_hash or row.facts != dict(checked.facts or {}):
            return False
        try:
            decider = self._principals.principal(work, row.org_id, row.decided_by)
        except NotFound:
            return False
        return self._may_decide(decider, row)

    def withdraw(self, work: Work, run_id: str) -> None:
        """Close what a run still waits for: it has ended."""
        query = select(ApprovalRow).where(ApprovalRow.run_id == run_id, ApprovalRow.status == "waiting")
        for row in work.session.scalars(query):
            row.status = "withdrawn"

    def may_see_run(self, work: Work, who: Principal, run_id: str) -> bool:
        """Say whether this person may decide, or could have decided, something that the run asked for."""
        rows = work.session.scalars(select(ApprovalRow).where(ApprovalRow.run_id == run_id))
        return any(self._may_decide(who, row) for row in rows)

    def expire(self, database: Database, lease: Lease) -> None:
        """Do an expiry task: close the approval if nobody has decided, and wake its run."""
        with database.writing(lease.org_id) as work:
            row = work.session.scalars(select(ApprovalRow).where(ApprovalRow.id == lease.subject)).first()
            if row is not None and row.status == "waiting":
                row.status = "expired"
                entry = _entry(row, "approvals::expire", "deny")
                self._audit.append(work, row.org_id, actor="system", on_behalf_of=row.requested_by, entry=entry)
                self._queue.enqueue(work, RUN_TASK, row.run_id, row.org_id, person_id=row.requested_by)
            self._queue.done(work, lease)

    def _visible(self, work: Work, who: Principal, approval_id: str) -> ApprovalRow:
        row = work.session.scalars(select(ApprovalRow).where(ApprovalRow.id == approval_id)).first()
        if row is None or not (row.requested_by == who.person_id or self._may_decide(who, row)):
            raise NotFound("There is no such approval.")
        return row

    def _may_decide(self, who: Principal, row: ApprovalRow) -> bool:
        return self._policy.decide(who, "approvals::decide", _resource(row), _context(who, row)).verb == "allow"


def _resource(row: ApprovalRow) -> Resource:
    return Resource("Assistant", row.assistant)


def _context(who: Principal, row: ApprovalRow) -> dict[str, object]:
    return {"own": row.requested_by == who.person_id, "tool": row.tool, "facts": row.facts}


def _is_open(work: Work, row: ApprovalRow) -> bool:
    return row.status == "waiting" and work.now() < row.expires_at


def _entry(row: ApprovalRow, action: str, decision: str) -> Entry:
    return Entry(
        action=action,
        resource=row.id,
        decision=decision,
        rules=[rule["id"] for rule in row.rules],
        run_id=row.run_id,
        step_id=row.step_id,
        detail={"tool": row.tool, "arguments_hash": row.arguments_hash},
    )


def _approval(row: ApprovalRow, *, can_decide: bool) -> Approval:
    return Approval(
        id=row.id,
        run_id=row.run_id,
        step_id=row.step_id,
        assistant=row.assistant,
        tool=row.tool,
        tool_title=row.tool_title,
        risk=row.risk,
        arguments=row.arguments,
        arguments_hash=row.arguments_hash,
        changes=[Change.model_validate(change) for change in row.changes],
        rules=[Rule.model_validate(rule) for rule in row.rules],
        cost=Money(micro=row.cost_micro, currency=row.currency),
        requested_by=row.requested_by,
        requested_by_name=row.requested_by_name,
        message=row.message,
        status=row.status,  # pyright: ignore[reportArgumentType] - pydantic checks it
        created_at=row.created_at,
        expires_at=row.expires_at,
        decided_by_name=row.decided_by_name,
        decided_at=row.decided_at,
        reason=row.reason,
        can_decide=can_decide,
    )
