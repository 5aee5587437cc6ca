"""`/api/accounts`: what people prove themselves by; one's own under `me`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from jindou.identity.accounts import Account, NewPassword
from jindou.identity.principals import Principal
from jindou.surfaces.door import platform_of, reading, seat_of, signed_in, writing

__all__ = ["router"]

router = APIRouter(prefix="/api/accounts", tags=["accounts"])
Who = Annotated[Principal, Depends(signed_in)]


@router.get("")
def list_accounts(request: Request, who: Who) -> list[Account]:
    """Return how each person can prove who they are, for administrators."""
    with reading(request) as work:
        return [*platform_of(request).accounts.list_accounts(work, who)]


@router.get("/me")
def mine(request: Request, who: Who) -> Account:
    """Return how one can prove who one is."""
    with reading(request) as work:
        return platform_of(request).accounts.mine(work, who)


@router.put("/me/password", status_code=204)
def change_password(request: Request, _who: Who, asked: NewPassword) -> None:
    """Give oneself a new password; one's other sessions end."""
    platform_of(request).accounts.change_password(seat_of(request), asked)


@router.post("/{person_id}/reset")
def reset(request: Request, who: Who, person_id: str) -> Account:
    """Take away what somebody proves themselves by, and end their sessions."""
    with writing(request) as work:
        return platform_of(request).accounts.reset(work, who, person_id)
