"""Approvals: a call waits, people with the right decide, the run is woken."""

from collections.abc import Mapping
from functools import partial

from sqlalchemy import CursorResult, select, update

from jindou.agents.approvals.afresh import Afresh, ApprovalVoid
from jindou.agents.approvals.delegations import Delegations
from jindou.agents.approvals.editing import ApprovalChanged, Editing
from jindou.agents.approvals.foresight import Foreseen, Foresight, visible
from jindou.agents.approvals.links import Links
from jindou.agents.approvals.listing import rows_of
from jindou.agents.approvals.queries import as_approval, is_open, votes_of
from jindou.agents.approvals.rights import Right, Rights, RightsOf
from jindou.agents.approvals.tables import ApprovalRow
from jindou.agents.approvals.terms import Terms
from jindou.agents.approvals.trail import Trail
from jindou.agents.approvals.types import Approval, Case, Lapse, Verdict
from jindou.agents.approvals.votes import Votes
from jindou.agents.approvals.webhook import WEBHOOK_TASK, Invitation
from jindou.agents.assistants import Assistants
from jindou.agents.tools import Checked, Doorway
from jindou.db import Database, Work
from jindou.durable.queue import Handler, Lease, Queue
from jindou.errors import Conflict, Invalid
from jindou.identity.audit import Audit
from jindou.identity.policy import Policy
from jindou.identity.principals import Principal, Principals

__all__ = ["RUN_TASK", "ApprovalDecided", "Approvals"]

_EXPIRE_TASK = "approval.expire"
_NOTHING = Foreseen()
RUN_TASK = "run"
"""The kind of task that moves a run on; a decision asks for one."""


class ApprovalDecided(Conflict):
    """Somebody decided before, or the time for it is over."""

    code = "approval_decided"


class Approvals:
    """The inbox. `delegations` are the rights that people handed to each other, `links` decide without a session.

    `afresh` looks at what the calls that wait would change by now, `foresight` just before one is decided, and
    `editing` changes it first.
    """

    def __init__(
        self,
        queue: Queue,
        policy: Policy,
        audit: Audit,
        principals: Principals,
        *,
        assistants: Assistants,
        doorway: Doorway,
        terms: Terms,
    ) -> None:
        self._queue = queue
        self._trail = Trail(audit)
        self._rights = Rights(policy, principals)
        self._votes = Votes(self._rights)
        self._terms = terms
        self.afresh = Afresh(doorway, assistants, principals)
        self.editing = Editing(doorway, assistants, principals)
        self.foresight = Foresight(self._rights, self.editing, self.afresh)
        self.delegations = Delegations(policy, audit, principals, assistants)
        self.links = Links(terms.link_key, principals, self.get, self.decide)

    def request(self, work: Work, checked: Checked, case: Case) -> Approval:
        """Ask for a decision about exactly this call."""
        asked = checked.asked
        now = work.now()
        row = ApprovalRow(
            id=work.new_id("apr"),
            org_id=asked.who.org_id,
            run_id=case.run_id,
            step_id=case.step_id,
            assistant=asked.assistant.slug,
            tool=checked.tool.name,
            tool_title=dict(checked.tool.title),
            risk=checked.tool.risk,
            arguments=dict(asked.arguments),
            arguments_hash=checked.arguments_hash,
            facts=dict(checked.facts or {}),
            origins={name: origin.model_dump() for name, origin in case.origins.items()},
            changes=[change.model_dump() for change in case.changes],
            rules=[rule.model_dump() for rule in checked.decision.rules],
            needed=checked.decision.approvers,
            votes=[],
            cost_micro=case.cost.micro,
            estimate_micro=case.estimate.micro,
            currency=case.cost.currency,
            requested_by=asked.who.person_id,
            requested_by_name=asked.who.name,
            message=case.message,
            status="waiting",
            turn=0,
            created_at=now,
            expires_at=now + self._terms.time,
            reason="",
            asked_arguments={},
        )
        work.session.add(row)
        self._queue.enqueue(work, _EXPIRE_TASK, row.id, row.org_id, row.expires_at, background=True)
        self._terms.webhook.tell(work, row, "requested")
        return as_approval(row)

    def list_approvals(
        self, work: Work, who: Principal, status: str | None = None, limit: int = 100, *, before: str | None = None
    ) -> list[Approval]:
        """Return what one asked for or may decide, the newest first; with `before`, what is older than that one."""
        rights = self._rights.of(work, who)
        rows = rows_of(work, who, rights, status=status, limit=limit, before=before)
        return [self._shown(work, rights, row) for row in rows]

    def list_alike(self, work: Work, who: Principal, approval_id: str) -> list[Approval]:
        """Return what one may decide now of the same kind as an approval, that one included, the newest first.

        Raises:
            NotFound: there is no such approval that this person may know of.
        """
        alike = as_approval(self._visible(work, self._rights.of(work, who), who, approval_id)).alike
        waiting = self.list_approvals(work, who, "waiting")
        return [approval for approval in waiting if approval.can_decide and approval.alike == alike]

    def count_waiting(self, work: Work, who: Principal) -> int:
        """Return how many approvals wait for this person's decision."""
        return sum(approval.can_decide for approval in self.list_approvals(work, who, status="waiting"))

    def get(self, work: Work, who: Principal, approval_id: str) -> Approval:
        """Return an approval one asked for or may decide, with those who may still decide it.

        Raises:
            NotFound: there is none that this person may know of.
        """
        rights = self._rights.of(work, who)
        row = self._visible(work, rights, who, approval_id)
        deciders = [one.name for one in self._deciders(work, row)]
        return self._shown(work, rights, row).model_copy(update={"deciders": deciders})

    def seen_with_run(self, work: Work, run_id: str) -> dict[str, Approval]:
        """Return the approvals of a run by step, as whoever sees it may know them; of what waits, who may decide it."""
        of_run = select(ApprovalRow).where(ApprovalRow.run_id == run_id).order_by(ApprovalRow.id)
        return {row.step_id: self._seen_with_run(work, row) for row in work.session.scalars(of_run).all()}

    def _seen_with_run(self, work: Work, row: ApprovalRow) -> Approval:
        if not is_open(work, row):
            return as_approval(row)
        deciders = [one.name for one in self._deciders(work, row)]
        return as_approval(row).model_copy(update={"votes": self._votes.standing(work, row), "deciders": deciders})

    def deciders(self, work: Work, checked: Checked) -> list[str]:
        """Return the names of those who may decide about a call that has not been made."""
        asked = checked.asked
        row = ApprovalRow(
            org_id=asked.who.org_id,
            assistant=asked.assistant.slug,
            tool=checked.tool.name,
            facts=dict(checked.facts or {}),
            requested_by=asked.who.person_id,
        )
        return [one.name for one in self._rights.deciders(work, row)]

    def decide(
        self, work: Work, who: Principal, approval_id: str, verdict: Verdict, foreseen: Foreseen = _NOTHING
    ) -> Approval:
        """Decide, and wake the run, which goes on once as many have approved as must.

        `foreseen` is what `foresight` has said of it just before; without that, no call is changed.

        Raises:
            NotFound: there is no such approval that this person may know of.
            Forbidden: they may not decide it, or not with these arguments; the rule is named.
            ApprovalDecided: it was decided before, by whoever was quicker or by oneself, or has expired.
            ApprovalChanged: somebody changed the arguments meanwhile.
            ApprovalVoid: what the rules look at has changed since it was asked, or since it was seen.
            Invalid: a denial without a reason, or arguments that the tool does not take.
        """
        rights = self._rights.of(work, who)
        row = self._visible(work, rights, who, approval_id)
        right = rights.require(row)
        denied = verdict.decision == "deny"
        if denied and not any(letter.isprintable() and not letter.isspace() for letter in verdict.reason):
            raise Invalid(
                "A denial needs a reason; the person who asked will read it.", field="reason", rule="required"
            )
        self._wake(work, row)
        self._take(work, row)
        if verdict.arguments_hash not in {None, row.arguments_hash}:
            raise ApprovalChanged
        if denied:
            return self._close(work, row, right, "denied", verdict.reason.strip())
        before = votes_of(row)
        if verdict.arguments is not None:
            right = self.editing.edit(work, rights, row, who, foreseen.prospects.get(row.id))
        elif verdict.facts_hash is not None:
            right = self.editing.renew(work, rights, row, verdict.facts_hash, foreseen.prospects.get(row.id))
        elif row.id in foreseen.void:
            raise ApprovalVoid
        void = [vote for vote in before if vote not in votes_of(row)]
        self._trail.voided(work, row, right, void, "arguments" if verdict.arguments is not None else "facts")
        self._vote(work, row, rights)
        if len(row.votes) < row.needed:
            self._trail.decided(work, row, right, "allow", votes=len(row.votes), needed=row.needed)
            return as_approval(row)
        return self._close(work, row, right, "approved", verdict.reason.strip())

    def of_step(self, work: Work, step_id: str) -> Approval | None:
        """Return the approval that a step asked for, if it did."""
        row = work.session.scalars(select(ApprovalRow).where(ApprovalRow.step_id == step_id)).first()
        return as_approval(row) if row else None

    def why_lapsed(self, work: Work, approval: Approval, checked: Checked) -> Lapse | None:
        """Say why an approval does not let this very call pass; None where it does.

        The arguments and the facts must be those that were shown, and as many different people must have approved as
        the rules ask for now, each with a right that is still theirs.
        """
        row = work.session.get(ApprovalRow, approval.id)
        if row is None or row.status != "approved" or row.arguments_hash != checked.arguments_hash:
            return "arguments"
        if row.facts != dict(checked.facts or {}):
            return "facts"
        needed = checked.decision.approvers if checked.decision.verb == "ask" else 1
        votes = votes_of(row)
        if not all(self._votes.still_counts(work, row, vote) for vote in votes):
            return "rights"
        return None if len(votes) >= max(needed, row.needed) else "approvers"

    def withdraw(self, work: Work, run_id: str) -> None:
        """Close what a run still waits for: it has ended."""
        waiting = ApprovalRow.run_id == run_id, ApprovalRow.status == "waiting"
        work.session.execute(update(ApprovalRow).where(*waiting).values(status="withdrawn"))

    def depart(self, work: Work, person_id: str) -> None:
        """Close what a person asked for, and end the rights that they were given or handed on."""
        waiting = ApprovalRow.requested_by == person_id, ApprovalRow.status == "waiting"
        work.session.execute(update(ApprovalRow).where(*waiting).values(status="withdrawn"))
        self.delegations.revoke_all(work, person_id)

    def tasks(self, database: Database) -> Mapping[str, Handler]:
        """Return what does the tasks of approvals, by their kind."""
        return {_EXPIRE_TASK: partial(self.expire, database), WEBHOOK_TASK: partial(self.deliver, database)}

    def expire(self, database: Database, lease: Lease) -> None:
        """Do an expiry task: close the approval if nobody has decided, and wake its run."""
        with database.writing(lease.org_id) as work:
            row = work.session.scalars(select(ApprovalRow).where(ApprovalRow.id == lease.subject)).first()
            if row is not None and row.status == "waiting":
                self._wake(work, row)
                if _swap(work, row):
                    row.status = "expired"
                    self._trail.expired(work, row)
                    self._tell(work, row)
            self._queue.done(work, lease)

    def deliver(self, database: Database, lease: Lease) -> None:
        """Do a webhook's task: tell the other system of an approval.

        Raises:
            NotDelivered: it did not take it; the queue tries again.
        """
        self._terms.webhook.deliver(database, lease, self._invite)

    def _invite(self, work: Work, row: ApprovalRow) -> list[Invitation]:
        if not self._terms.webhook_links or not is_open(work, row):
            return []
        links = [(who, self.links.issue(work, who, as_approval(row))) for who in self._deciders(work, row)]
        return [Invitation(who.person_id, who.name, f"{self._terms.url}{link.path}") for who, link in links]

    def _wake(self, work: Work, row: ApprovalRow) -> None:
        """Have the run go on, before its approval is touched.

        A worker has the run's task when it comes to the approval; whoever took them the other way round would wait
        for it while it waits for them.
        """
        self._queue.enqueue(work, RUN_TASK, row.run_id, row.org_id, person_id=row.requested_by)

    def _tell(self, work: Work, row: ApprovalRow) -> None:
        """Have the other system told of a decision."""
        self._terms.webhook.tell(work, row, "decided")

    def _visible(self, work: Work, rights: RightsOf, who: Principal, approval_id: str) -> ApprovalRow:
        row = work.session.scalars(select(ApprovalRow).where(ApprovalRow.id == approval_id)).first()
        return visible(rights, who, row)

    def _take(self, work: Work, row: ApprovalRow) -> None:
        """Take the one turn there is: of two who decide at once, the second finds what the first has decided."""
        taken = _swap(work, row)
        if not taken or not is_open(work, row):
            status = "expired" if row.status == "waiting" else row.status
            raise ApprovalDecided(f"This request can't be decided any more: it is {status}.")

    def _vote(self, work: Work, row: ApprovalRow, rights: RightsOf) -> None:
        """Count a vote; earlier ones whose right is lost do not count any more."""
        right = rights.over(row, but=self._votes.used(work, row))
        if right is None:
            told = f"Your right has been used for this: {len(self._votes.standing(work, row))} of {row.needed} people"
            raise ApprovalDecided(f"{told} have approved. Somebody else must, too.")
        self._trail.voided(work, row, right, self._votes.add(work, row, right), "rights")

    def _close(self, work: Work, row: ApprovalRow, right: Right, status: str, reason: str) -> Approval:
        row.status, row.reason = status, reason
        row.decided_by, row.decided_by_name, row.decided_at = right.who.person_id, right.who.name, work.now()
        row.decided_for_name = right.owner.name if right.owner.person_id != right.who.person_id else None
        self._trail.decided(work, row, right, "allow" if status == "approved" else "deny")
        self._tell(work, row)
        return as_approval(row)

    def _shown(self, work: Work, rights: RightsOf, row: ApprovalRow) -> Approval:
        """Return an approval as somebody sees it; of one that waits, only the votes that still count."""
        if not is_open(work, row):
            return as_approval(row)
        can_decide = rights.over(row, but=self._votes.used(work, row)) is not None
        return as_approval(row, can_decide=can_decide).model_copy(update={"votes": self._votes.standing(work, row)})

    def _deciders(self, work: Work, row: ApprovalRow) -> list[Principal]:
        """Return those who may decide about an approval and have not yet."""
        return self._rights.deciders(work, row, but=self._votes.used(work, row))


def _swap(work: Work, row: ApprovalRow) -> bool:
    """Compare and swap: true for one at a time, while the approval waits; then `row` is as it is now."""
    waiting = ApprovalRow.id == row.id, ApprovalRow.status == "waiting"
    turned = update(ApprovalRow).where(*waiting).values(turn=ApprovalRow.turn + 1)
    result = work.session.execute(turned.execution_options(synchronize_session=False))
    work.session.refresh(row)
    return isinstance(result, CursorResult) and result.rowcount == 1
