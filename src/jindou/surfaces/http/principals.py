"""`/api/principals`: who one is, and who else is there."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from jindou.identity.principals import Person, Principal
from jindou.surfaces.door import platform_of, reading, signed_in

__all__ = ["router"]

router = APIRouter(prefix="/api/principals", tags=["principals"])
Who = Annotated[Principal, Depends(signed_in)]


@router.get("")
def list_people(request: Request, who: Who) -> list[Person]:  # noqa: ARG001 - it is enough to be signed in
    """Return everybody of the organisation, oldest first."""
    with reading(request) as work:
        return platform_of(request).principals.list_people(work)


@router.get("/me")
def me(request: Request, who: Who) -> Person:
    """Return who is signed in."""
    with reading(request) as work:
        return platform_of(request).principals.get(work, who.person_id)
