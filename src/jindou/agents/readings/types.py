"""What it takes to read somebody else's conversation, and what they are shown of it."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from jindou.agents.runs import RunDetail

__all__ = ["ReadConversation", "Reading", "ReadingAsk", "ReadingPolicy", "ReadingPolicyChange"]

_LEAST = 10


def _said(reason: str) -> str:
    reason = " ".join(reason.split())
    if len(reason) < _LEAST or not reason.isprintable():
        raise ValueError(f"a reason has {_LEAST} characters at least, all of which can be seen")
    return reason


class ReadingAsk(BaseModel):
    """Read somebody's conversation, named by its id or that of one of its runs. They are shown `reason`."""

    model_config = ConfigDict(extra="forbid")

    subject: str = Field(min_length=1, max_length=40, pattern=r"^[^\x00]*$", description="cnv_… or run_…")
    reason: Annotated[str, Field(max_length=500), AfterValidator(_said)]


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


class ReadConversation(BaseModel):
    """A conversation as it was read: its runs, the oldest first."""

    reading: Reading
    runs: list[RunDetail]


class ReadingPolicy(BaseModel):
    """Whether administrators of the organisation may read what others say to assistants; since when, by whom."""

    open: bool
    changed_at: datetime | None
    changed_by_name: str


class ReadingPolicyChange(BaseModel):
    """What is to be so from now on."""

    model_config = ConfigDict(extra="forbid")

    open: bool
