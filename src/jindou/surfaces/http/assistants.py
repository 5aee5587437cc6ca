"""`/api/assistants`: whom one can ask."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from jindou.agents.assistants import Assistant
from jindou.identity.principals import Principal
from jindou.surfaces.door import platform_of, signed_in

__all__ = ["router"]

router = APIRouter(prefix="/api/assistants", tags=["assistants"])


@router.get("")
def list_assistants(request: Request, _who: Annotated[Principal, Depends(signed_in)]) -> list[Assistant]:
    """Return every assistant."""
    return platform_of(request).assistants.list_assistants()
