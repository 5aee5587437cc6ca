"""A person has their own conversations, and nobody else's."""

from datetime import timedelta
from pathlib import Path

import pytest

from jindou.errors import NotFound
from support.desk import open_desk


def test_conversations_are_ones_own_the_latest_first(home: Path) -> None:
    with open_desk(home) as desk:
        first = desk.ask("  Where is\n my   parcel? ").conversation_id
        desk.clock.move(timedelta(minutes=1))
        second = desk.ask("x" * 200).conversation_id
        conversations = desk.platform.conversations
        with desk.platform.database.reading(desk.clerk.org_id) as work:
            listed = conversations.list_conversations(work, desk.clerk)
            assert [of.id for of in listed] == [second, first]
            assert [of.title for of in listed] == ["x" * 80, "Where is my parcel?"]
            assert conversations.list_conversations(work, desk.manager) == []
            assert conversations.get(work, desk.clerk, first).assistant == "after-sales"
            with pytest.raises(NotFound):
                conversations.get(work, desk.manager, first)
            with pytest.raises(NotFound):
                desk.platform.runs.of_conversation(work, desk.manager, first)
        desk.clock.move(timedelta(minutes=1))
        desk.ask("And now?", conversation_id=first)
        with desk.platform.database.reading(desk.clerk.org_id) as work:
            assert [of.id for of in conversations.list_conversations(work, desk.clerk)] == [first, second]
            runs = desk.platform.runs.of_conversation(work, desk.clerk, first)
        assert [run.message for run in runs] == ["Where is\n my   parcel?", "And now?"]
