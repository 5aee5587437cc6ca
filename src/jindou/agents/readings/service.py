"""Reading somebody else's conversation: only where that is open, with a reason, and never unseen."""

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from jindou.agents.conversations import Conversations
from jindou.agents.readings.tables import ReadingPolicyRow, ReadingRow
from jindou.agents.readings.types import ReadConversation, Reading, ReadingAsk, ReadingPolicy
from jindou.agents.runs import Runs
from jindou.db import Work
from jindou.errors import Conflict, Invalid, NotFound
from jindou.identity.audit import Audit, Entry
from jindou.identity.policy import Policy, Resource
from jindou.identity.principals import Principal, Principals

__all__ = ["Readings"]


class Readings:
    """The one way to what others said to assistants, and what came of it."""

    def __init__(
        self, policy: Policy, audit: Audit, principals: Principals, conversations: Conversations, runs: Runs
    ) -> None:
        self._policy = policy
        self._audit = audit
        self._principals = principals
        self._conversations = conversations
        self._runs = runs

    def read(self, work: Work, who: Principal, ask: ReadingAsk) -> ReadConversation:
        """Return a conversation of somebody else. They are shown that, and it is in the trail, in the same transaction.

        Raises:
            Forbidden: they may not, or the organisation has not opened conversations; the rule is named.
            NotFound: there is no such conversation or run.
            Invalid: it is their own.
        """
        rules = self._require(who, "readings::create", is_open=self.policy(work).open)
        conversation = self._conversations.of_anybody(work, self._conversation(work, ask.subject))
        if conversation.person_id == who.person_id:
            raise Invalid("This conversation is your own.", field="subject", rule="somebody else's")
        row = ReadingRow(
            id=work.new_id("rdg"),
            org_id=who.org_id,
            conversation_id=conversation.id,
            assistant=conversation.assistant,
            person_id=conversation.person_id,
            person_name=self._name(work, conversation.person_id),
            reader_id=who.person_id,
            reader_name=who.name,
            reason=ask.reason,
            at=work.now(),
        )
        work.session.add(row)
        entry = Entry(
            action="readings::create",
            resource=conversation.id,
            decision="allow",
            rules=rules,
            detail={"person": row.person_id, "reason": row.reason, "reading": row.id},
        )
        self._audit.append(work, who.org_id, actor=who.actor, on_behalf_of=who.person_id, entry=entry)
        return ReadConversation(reading=_reading(row), runs=self._runs.of_anybody(work, conversation.id))

    def list_readings(self, work: Work, who: Principal, limit: int = 100) -> list[Reading]:
        """Return who has read one's own conversations, the newest first."""
        mine = select(ReadingRow).where(ReadingRow.person_id == who.person_id).order_by(ReadingRow.id.desc())
        return [_reading(row) for row in work.session.scalars(mine.limit(limit))]

    def policy(self, work: Work) -> ReadingPolicy:
        """Say whether the organisation has opened conversations; everybody may know that."""
        row = self._row(work)
        if row is None:
            return ReadingPolicy(open=False, changed_at=None, changed_by_name="")
        return ReadingPolicy(open=row.is_open, changed_at=row.changed_at, changed_by_name=row.changed_by_name)

    def set_policy(self, work: Work, who: Principal, *, is_open: bool) -> ReadingPolicy:
        """Open conversations to administrators, or close them.

        Raises:
            Forbidden: they may not; the rule is named.
            Conflict: somebody else has changed it at the same moment.
        """
        rules = self._require(who, "readings::update", is_open=is_open)
        before = self.policy(work)
        if before.open == is_open:
            return before
        row = self._row(work) or ReadingPolicyRow(id=who.org_id, org_id=who.org_id)
        row.is_open, row.changed_at, row.changed_by_name = is_open, work.now(), who.name
        work.session.add(row)
        try:
            work.session.flush()
        except IntegrityError:
            raise Conflict("Somebody has changed this at the same moment; look again.") from None
        entry = Entry(
            action="readings::update", resource=who.org_id, decision="allow", rules=rules, detail={"open": is_open}
        )
        self._audit.append(work, who.org_id, actor=who.actor, on_behalf_of=who.person_id, entry=entry)
        return self.policy(work)

    def may_read(self, who: Principal) -> bool:
        """Say whether somebody may read others' conversations where they are open, and open or close them."""
        resource = Resource("Organisation", who.org_id)
        return self._policy.decide(who, "readings::update", resource, {"open": True}).verb == "allow"

    def _conversation(self, work: Work, subject: str) -> str:
        return self._runs.conversation_of(work, subject) if subject.startswith("run_") else subject

    def _row(self, work: Work) -> ReadingPolicyRow | None:
        return work.session.scalars(select(ReadingPolicyRow)).first()

    def _name(self, work: Work, person_id: str) -> str:
        try:
            return self._principals.get(work, person_id).name
        except NotFound:
            return person_id

    def _require(self, who: Principal, action: str, *, is_open: bool) -> list[str]:
        resource = Resource("Organisation", who.org_id)
        return [rule.id for rule in self._policy.require(who, action, resource, {"open": is_open}).rules]


def _reading(row: ReadingRow) -> Reading:
    return Reading.model_validate(row, from_attributes=True)
