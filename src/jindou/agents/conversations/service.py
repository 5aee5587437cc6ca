"""Conversations: a person sees their own, and nobody else's."""

from sqlalchemy import bindparam, select

from jindou.agents.conversations.tables import ConversationRow
from jindou.agents.conversations.types import Conversation
from jindou.db import Query, Work
from jindou.errors import NotFound
from jindou.identity.principals import Principal

__all__ = ["Conversations"]

_TITLE_CHARS = 80
_CONVERSATION = Query(ConversationRow, ConversationRow.id == bindparam("id"))


class Conversations:
    """Threads between a person and an assistant."""

    def create(
        self, work: Work, who: Principal, assistant: str, message: str, branched_from: str | None = None
    ) -> Conversation:
        """Begin a conversation, titled by its first message; as a branch it shares the past of a run."""
        now = work.now()
        row = work.new(
            ConversationRow,
            id=work.new_id("cnv"),
            org_id=who.org_id,
            assistant=assistant,
            person_id=who.person_id,
            title=" ".join(message.split())[:_TITLE_CHARS],
            branched_from=branched_from,
            created_at=now,
            updated_at=now,
        )
        return _conversation(row)

    def list_conversations(self, work: Work, who: Principal, limit: int = 50) -> list[Conversation]:
        """Return one's own conversations, the latest first."""
        query = select(ConversationRow).where(ConversationRow.person_id == who.person_id)
        rows = work.session.scalars(query.order_by(ConversationRow.updated_at.desc()).limit(limit))
        return [_conversation(row) for row in rows]

    def get(self, work: Work, who: Principal, conversation_id: str) -> Conversation:
        """Return one of one's own conversations.

        Raises:
            NotFound: there is none, or it is somebody else's.
        """
        return _conversation(self._own(work, who, conversation_id))

    def of_anybody(self, work: Work, conversation_id: str) -> Conversation:
        """Return a conversation of whomever it is, for somebody whom a rule has let read it.

        Raises:
            NotFound: there is none in this organisation.
        """
        row = work.session.scalars(select(ConversationRow).where(ConversationRow.id == conversation_id)).first()
        if row is None:
            raise NotFound("There is no such conversation.")
        return _conversation(row)

    def touch(self, work: Work, who: Principal, conversation_id: str) -> Conversation:
        """Note that something was said, and return the conversation.

        Raises:
            NotFound: there is none, or it is somebody else's.
        """
        row = self._own(work, who, conversation_id)
        row.updated_at = work.now()
        return _conversation(row)

    def origin(self, work: Work, conversation_id: str) -> str | None:
        """Return the run from which a conversation branched off, if it did."""
        found = work.look(_CONVERSATION, id=conversation_id)
        return found[0].branched_from if found else None

    def _own(self, work: Work, who: Principal, conversation_id: str) -> ConversationRow:
        found = [row for row in work.fetch(_CONVERSATION, id=conversation_id) if row.person_id == who.person_id]
        if not found:
            raise NotFound("There is no such conversation.")
        return found[0]


def _conversation(row: ConversationRow) -> Conversation:
    return Conversation(
        id=row.id,
        assistant=row.assistant,
        person_id=row.person_id,
        title=row.title,
        branched_from=row.branched_from,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
