"""`/api/decisions`: what would be decided about a call, and why; and what a person may do at all."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from jindou.agents.decisions import Answer, PersonRights, Proposal
from jindou.identity.principals import Principal
from jindou.surfaces.door import platform_of, reading, signed_in

__all__ = ["router"]

router = APIRouter(tags=["decisions"])
Who = Annotated[Principal, Depends(signed_in)]


@router.post("/api/decisions")
def explain(request: Request, who: Who, proposal: Proposal) -> Answer:
    """Decide about a call as it would be decided if an assistant made it now, and do nothing."""
    with reading(request) as work:
        return platform_of(request).decisions.explain(work, who, proposal)


@router.get("/api/people/{person}/rights")
def rights(
    request: Request, who: Who, person: str, assistant: Annotated[str | None, Query(max_length=120)] = None
) -> PersonRights:
    """Return what a person may do through an assistant, or through every one, and by which rules."""
    with reading(request) as work:
        return platform_of(request).decisions.rights(work, who, person, assistant)
