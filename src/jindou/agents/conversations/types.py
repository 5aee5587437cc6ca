"""Conversations between a person and an assistant."""

from datetime import datetime

from pydantic import BaseModel

__all__ = ["Conversation"]


class Conversation(BaseModel):
    """A thread of runs. `title` is the start of the first message."""

    id: str
    assistant: str
    person_id: str
    title: str
    created_at: datetime
    updated_at: datetime
