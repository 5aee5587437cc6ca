"""`/api/secrets`: credentials for outside systems. A value goes in, and never comes out."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from jindou.cloud.secrets import Rewrapping, SecretAsk, SecretValue, StoredSecret
from jindou.identity.principals import Principal
from jindou.surfaces.door import platform_of, reading, require_operator, signed_in, writing

__all__ = ["router"]

router = APIRouter(prefix="/api/secrets", tags=["secrets"])
Who = Annotated[Principal, Depends(signed_in)]


@router.post("", status_code=201)
def put(request: Request, who: Who, asked: SecretAsk) -> StoredSecret:
    """Add a secret, or give one that was revoked a new value."""
    wrapping = platform_of(request).secrets.wrapping()
    with writing(request) as work:
        return platform_of(request).secrets.put(work, who, asked, wrapping)


@router.get("")
def list_secrets(request: Request, who: Who) -> list[StoredSecret]:
    """Return one's own secrets and, for who may manage them, the organisation's; without their values."""
    with reading(request) as work:
        return platform_of(request).secrets.list_secrets(work, who)


@router.post("/rewrapping")
def renew_key(request: Request) -> Rewrapping:
    """Make a new key of the vault and wrap everything by it; the local operator's."""
    require_operator(request)
    return platform_of(request).renew_vault_key()


@router.get("/rewrapping")
def rewrapping(request: Request) -> Rewrapping:
    """Return the key of the vault and what an older one still wraps; the local operator's."""
    require_operator(request)
    platform = platform_of(request)
    with platform.database.reading(None) as work:
        return platform.secrets.rewrapping(work)


@router.post("/{secret_id}/rotation")
def rotate(request: Request, who: Who, secret_id: str, value: SecretValue) -> StoredSecret:
    """Give a secret a new value, as its next version."""
    wrapping = platform_of(request).secrets.wrapping()
    with writing(request) as work:
        return platform_of(request).secrets.rotate(work, who, secret_id, value.value, wrapping)


@router.post("/{secret_id}/revocation")
def revoke(request: Request, who: Who, secret_id: str) -> StoredSecret:
    """Destroy the value of a secret: the next use is refused."""
    with writing(request) as work:
        return platform_of(request).secrets.revoke(work, who, secret_id)
