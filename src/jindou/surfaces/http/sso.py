"""`/api/sso`: the identity providers of the organisation; and where a provider says that somebody has signed out."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import JSONResponse, Response

from jindou.identity.principals import Principal
from jindou.identity.sso import ExternalIdentity, LogoutRefused, NewProvider, Provider, ProviderChange, ProviderCheck
from jindou.surfaces.door import platform_of, reading, recently_signed_in, signed_in, writing

__all__ = ["router"]

router = APIRouter(tags=["sso"])
Who = Annotated[Principal, Depends(signed_in)]
Recent = Annotated[Principal, Depends(recently_signed_in)]


@router.get("/api/sso")
def list_providers(request: Request, who: Who) -> list[Provider]:
    """Return the organisation's identity providers, the oldest first; without their secrets."""
    with reading(request) as work:
        return platform_of(request).sso.providers.list_providers(work, who)


@router.post("/api/sso", status_code=201)
def create(request: Request, who: Recent, new: NewProvider) -> Provider:
    """Add an identity provider, once it has answered."""
    return platform_of(request).sso.providers.create(who, new)


@router.get("/api/sso/{provider_id}")
def get(request: Request, who: Who, provider_id: str) -> Provider:
    """Return one identity provider."""
    with reading(request) as work:
        return platform_of(request).sso.providers.get(work, who, provider_id)


@router.patch("/api/sso/{provider_id}")
def update(request: Request, who: Recent, provider_id: str, change: ProviderChange) -> Provider:
    """Change what is given of an identity provider; it counts at the next sign-in."""
    return platform_of(request).sso.providers.update(who, provider_id, change)


@router.delete("/api/sso/{provider_id}", status_code=204)
def delete(request: Request, who: Recent, provider_id: str) -> None:
    """Remove an identity provider: its sessions end, and so do the links and the roles that came of it."""
    with writing(request) as work:
        platform_of(request).sso.providers.delete(work, who, provider_id)


@router.post("/api/sso/{provider_id}/check")
def check(request: Request, who: Who, provider_id: str) -> ProviderCheck:
    """Ask an identity provider what it can do."""
    return platform_of(request).sso.providers.check(who, provider_id)


@router.get("/api/sso/{provider_id}/people")
def list_identities(request: Request, who: Who, provider_id: str) -> list[ExternalIdentity]:
    """Return whom an identity provider vouches for."""
    with reading(request) as work:
        return platform_of(request).sso.providers.list_identities(work, who, provider_id)


@router.delete("/api/sso/{provider_id}/people/{person_id}", status_code=204)
def unlink(request: Request, who: Recent, provider_id: str, person_id: str) -> None:
    """Have an identity provider vouch for somebody no more, until they come again and are recognised."""
    with writing(request) as work:
        platform_of(request).sso.providers.unlink(work, who, provider_id, person_id)


@router.post("/sso/{provider_id}/backchannel-logout", include_in_schema=False)
def backchannel_logout(request: Request, provider_id: str, logout_token: Annotated[str, Form()] = "") -> Response:
    """End the sessions that a provider's logout token speaks of (OpenID Connect Back-Channel Logout 1.0, 2.5)."""
    headers = {"Cache-Control": "no-store"}
    try:
        platform_of(request).sso.signing_out.hear(provider_id, logout_token)
    except LogoutRefused as error:
        refusal = {"error": "invalid_request", "error_description": error.message}
        return JSONResponse(refusal, status_code=400, headers=headers)
    return Response(status_code=200, headers=headers)
