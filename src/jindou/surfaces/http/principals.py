"""`/api/principals`: who one is, and who else is there."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from jindou.identity.principals import Person, Principal
from jindou.surfaces.door import platform_of, reading, signed_in

__all__ = ["router"]

router = APIRouter(prefix="/api/principals", tags=["principals"])


@router.get("/me")
def me(request: Request, who: Annotated[Principal, Depends(signed_in)]) -> Person:
    """Return who is signed in."""
    with reading(request) as work:
        return platform_of(request).principals.get(work, who.person_id)
