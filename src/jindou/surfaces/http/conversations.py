"""`/api/conversations`: one's own threads."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from jindou.agents.conversations import Conversation
from jindou.agents.runs import RunDetail
from jindou.identity.principals import Principal
from jindou.surfaces.door import platform_of, reading, signed_in

__all__ = ["router"]

router = APIRouter(prefix="/api/conversations", tags=["conversations"])
Who = Annotated[Principal, Depends(signed_in)]


@router.get("")
def list_conversations(
    request: Request, who: Who, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> list[Conversation]:
    """Return one's own conversations, the latest first."""
    with reading(request) as work:
        return platform_of(request).conversations.list_conversations(work, who, limit)


@router.get("/{conversation_id}")
def get(request: Request, who: Who, conversation_id: str) -> Conversation:
    """Return one conversation."""
    with reading(request) as work:
        return platform_of(request).conversations.get(work, who, conversation_id)


@router.get("/{conversation_id}/runs")
def runs(request: Request, who: Who, conversation_id: str) -> list[RunDetail]:
    """Return the runs of a conversation, the oldest first."""
    with reading(request) as work:
        return platform_of(request).runs.of_conversation(work, who, conversation_id)
