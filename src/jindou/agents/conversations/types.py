"""Conversations between a person and an assistant."""

from datetime import datetime

from pydantic import BaseModel

__all__ = ["Conversation"]


class Conversation(BaseModel):
    """A thread of runs. `title` is the start of the first message; `branched_from` is the run whose past it shares."""

    id: str
    assistant: str
    person_id: str
    title: str
    branched_from: str | None = None
    created_at: datetime
    updated_at: datetime
