"""Who has read a conversation of somebody else, and whether anybody may."""

from datetime import datetime

from pydantic import BaseModel

__all__ = ["Reading", "ReadingPolicy"]


class Reading(BaseModel):
    """That somebody read another's conversation once, and the reason they gave."""

    id: str
    conversation_id: str
    assistant: str
    person_id: str
    person_name: str
    reader_id: str
    reader_name: str
    reason: str
    at: datetime


class ReadingPolicy(BaseModel):
    """Whether administrators of the organisation may read what others say to assistants; since when, by whom."""

    open: bool
    changed_at: datetime | None
    changed_by_name: str
