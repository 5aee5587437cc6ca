"""`/api/service-accounts`: programs with roles and keys of their own, for those who look after people."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from jindou.identity.directory import NewProfile, Profile, ProfileChange
from jindou.identity.keys import Key, KeyAsk, NewKey
from jindou.identity.principals import Principal
from jindou.surfaces.door import platform_of, reading, signed_in, writing
from jindou.surfaces.http.people import ProfileSearch

__all__ = ["router"]

router = APIRouter(prefix="/api/service-accounts", tags=["service-accounts"])
Who = Annotated[Principal, Depends(signed_in)]


@router.get("")
def list_service_accounts(request: Request, who: Who, asked: Annotated[ProfileSearch, Query()]) -> list[Profile]:
    """Return the service accounts that fit, the oldest first."""
    with reading(request) as work:
        people = platform_of(request).directory.people
        found = people.search(work, who, asked.conditions(), kind="service", start=asked.after, count=asked.limit)
        return found.page


@router.post("", status_code=201)
def create(request: Request, who: Who, new: NewProfile) -> Profile:
    """Add a service account."""
    with writing(request) as work:
        return platform_of(request).directory.people.create(work, who, new, "service")


@router.get("/{account_id}")
def get(request: Request, who: Who, account_id: str) -> Profile:
    """Return one service account."""
    with reading(request) as work:
        return platform_of(request).directory.people.get(work, who, account_id, "service")


@router.patch("/{account_id}")
def update(request: Request, who: Who, account_id: str, change: ProfileChange) -> Profile:
    """Change what is given of a service account."""
    with writing(request) as work:
        return platform_of(request).directory.people.update(work, who, account_id, change, "service")


@router.post("/{account_id}/deactivation")
def deactivate(request: Request, who: Who, account_id: str) -> Profile:
    """Let nothing act for a service account any more, at once."""
    with writing(request) as work:
        return platform_of(request).directory.people.deactivate(work, who, account_id, "service")


@router.post("/{account_id}/reactivation")
def reactivate(request: Request, who: Who, account_id: str) -> Profile:
    """Take a service account back, with the roles it had; its keys are made anew."""
    with writing(request) as work:
        return platform_of(request).directory.people.reactivate(work, who, account_id, "service")


@router.get("/{account_id}/keys")
def list_keys(request: Request, who: Who, account_id: str) -> list[Key]:
    """Return the keys of a service account, the newest first."""
    platform = platform_of(request)
    with reading(request) as work:
        return platform.keys.list_keys(work, platform.directory.people.service_account(work, who, account_id))


@router.post("/{account_id}/keys", status_code=201)
def create_key(request: Request, who: Who, account_id: str, asked: KeyAsk) -> NewKey:
    """Make a key for a service account. Its secret is told in this answer and never again."""
    platform = platform_of(request)
    with writing(request) as work:
        return platform.keys.create(work, platform.directory.people.service_account(work, who, account_id), asked)


@router.post("/{account_id}/keys/{key_id}/revocation")
def revoke_key(request: Request, who: Who, account_id: str, key_id: str) -> Key:
    """Take a key of a service account back, at once and for good."""
    platform = platform_of(request)
    with writing(request) as work:
        account = platform.directory.people.service_account(work, who, account_id)
        return platform.keys.revoke(work, account, key_id)
