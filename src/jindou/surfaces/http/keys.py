"""`/api/keys`: one's own keys."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from jindou.identity.keys import Key, KeyAsk, NewKey, Rotation
from jindou.identity.principals import Principal
from jindou.surfaces.door import platform_of, reading, signed_in, writing

__all__ = ["router"]

router = APIRouter(prefix="/api/keys", tags=["keys"])
Who = Annotated[Principal, Depends(signed_in)]


@router.post("", status_code=201)
def create(request: Request, who: Who, asked: KeyAsk) -> NewKey:
    """Make a key. Its secret is told in this answer and never again."""
    with writing(request) as work:
        return platform_of(request).keys.create(work, who, asked)


@router.get("")
def list_keys(request: Request, who: Who) -> list[Key]:
    """Return one's own keys, the newest first."""
    with reading(request) as work:
        return platform_of(request).keys.list_keys(work, who)


@router.get("/{key_id}")
def get(request: Request, who: Who, key_id: str) -> Key:
    """Return one key."""
    with reading(request) as work:
        return platform_of(request).keys.get(work, who, key_id)


@router.post("/{key_id}/revocation")
def revoke(request: Request, who: Who, key_id: str) -> Key:
    """Take a key back, at once and for good."""
    with writing(request) as work:
        return platform_of(request).keys.revoke(work, who, key_id)


@router.post("/{key_id}/rotation")
def rotate(request: Request, who: Who, key_id: str, rotation: Rotation) -> NewKey:
    """Give a key a new secret; the old one is good for the stated grace."""
    with writing(request) as work:
        return platform_of(request).keys.rotate(work, who, key_id, rotation)
