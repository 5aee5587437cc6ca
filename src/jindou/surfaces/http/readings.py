"""`/api/readings`: who has read one's conversations, and reading somebody else's where that is open."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from jindou.agents.readings import ReadConversation, Reading, ReadingAsk, ReadingPolicy, ReadingPolicyChange
from jindou.identity.principals import Principal
from jindou.surfaces.door import platform_of, reading, signed_in, writing

__all__ = ["router"]

router = APIRouter(prefix="/api/readings", tags=["readings"])
Who = Annotated[Principal, Depends(signed_in)]


@router.get("")
def list_readings(request: Request, who: Who, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> list[Reading]:
    """Return who has read one's own conversations, and why, the newest first."""
    with reading(request) as work:
        return platform_of(request).readings.list_readings(work, who, limit)


@router.post("", status_code=201)
def read(request: Request, who: Who, asked: ReadingAsk) -> ReadConversation:
    """Read a conversation of somebody else, once; they are shown who did, and the reason."""
    with writing(request) as work:
        return platform_of(request).readings.read(work, who, asked)


@router.get("/policy")
def policy(request: Request, who: Who) -> ReadingPolicy:
    """Say whether administrators may read others' conversations; everybody may know that."""
    del who
    with reading(request) as work:
        return platform_of(request).readings.policy(work)


@router.put("/policy")
def set_policy(request: Request, who: Who, change: ReadingPolicyChange) -> ReadingPolicy:
    """Open the organisation's conversations to administrators, or close them; everybody is shown which."""
    with writing(request) as work:
        return platform_of(request).readings.set_policy(work, who, is_open=change.open)
