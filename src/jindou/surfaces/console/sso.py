"""The identity providers of the organisation, for its administrators: plain forms that add, change and remove them."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from jindou.errors import Conflict, Invalid, JindouError, Unavailable
from jindou.identity.sso import ExternalIdentity, NewProvider, Provider, ProviderChange
from jindou.surfaces.console.pages import page
from jindou.surfaces.door import platform_of, reading, recently_signed_in, signed_in, writing
from jindou.surfaces.problems import problem_of
from jindou.wording import field_of, told_of

__all__ = ["router"]

router = APIRouter(prefix="/sso")

Trouble = tuple[str, JindouError | ValidationError]
"""Beside which form something is wrong, and what."""


class ProviderForm(BaseModel):
    """What somebody typed of a provider. The client secret is not shown again, whatever is wrong."""

    model_config = ConfigDict(extra="ignore")

    name: str = ""
    issuer: str = ""
    client_id: str = ""
    client_secret: SecretStr = SecretStr("")
    scopes: str = "openid profile email"
    groups_claim: str = "groups"
    external_id_claim: str = "sub"
    roles: str = ""
    makes_people: bool = False
    new_roles: str = ""
    links_by: str = "nothing"

    def settings(self) -> dict[str, Any]:
        """Return what a new provider and a change of one have alike."""
        return {
            "name": self.name.strip(),
            "client_id": self.client_id.strip(),
            "scopes": " ".join(self.scopes.split()),
            "groups_claim": self.groups_claim.strip(),
            "external_id_claim": self.external_id_claim.strip(),
            "roles": _mapping(self.roles),
            "makes_people": self.makes_people,
            "new_roles": _words(self.new_roles),
            "links_by": self.links_by,
        }


@router.get("")
def list_providers(request: Request) -> Response:
    """Show the providers, and the form for a new one."""
    return _show(request)


@router.post("")
def create(request: Request, typed: Annotated[ProviderForm, Form()]) -> Response:
    """Add a provider; what stands in the way is said beside the form."""
    who = recently_signed_in(request)
    try:
        given = {"issuer": typed.issuer.strip(), "client_secret": typed.client_secret, **typed.settings()}
        platform_of(request).sso.providers.create(who, NewProvider.model_validate(given))
    except (ValidationError, Conflict, Invalid, Unavailable) as error:
        return _show(request, typed=typed, trouble=("new", error))
    return _back()


@router.post("/{provider_id}")
def update(request: Request, provider_id: str, typed: Annotated[ProviderForm, Form()]) -> Response:
    """Change a provider; a client secret that is not typed stays."""
    who = recently_signed_in(request)
    try:
        secret = {"client_secret": typed.client_secret} if typed.client_secret.get_secret_value() else {}
        change = ProviderChange.model_validate({**typed.settings(), **secret})
        platform_of(request).sso.providers.update(who, provider_id, change)
    except (ValidationError, Conflict, Invalid, Unavailable) as error:
        return _show(request, trouble=(provider_id, error))
    return _back()


@router.post("/{provider_id}/switch")
def switch(request: Request, provider_id: str, enabled: Annotated[bool, Form()]) -> Response:
    """Turn a provider on or off."""
    who = recently_signed_in(request)
    platform_of(request).sso.providers.update(who, provider_id, ProviderChange(enabled=enabled))
    return _back()


@router.post("/{provider_id}/removal")
def remove(request: Request, provider_id: str) -> Response:
    """Remove a provider."""
    who = recently_signed_in(request)
    with writing(request) as work:
        platform_of(request).sso.providers.delete(work, who, provider_id)
    return _back()


@router.post("/{provider_id}/people/{person_id}/unlinking")
def unlink(request: Request, provider_id: str, person_id: str) -> Response:
    """Have a provider vouch for somebody no more."""
    who = recently_signed_in(request)
    with writing(request) as work:
        platform_of(request).sso.providers.unlink(work, who, provider_id, person_id)
    return _back()


def _mapping(typed: str) -> dict[str, list[str]]:
    """Return the roles by group of lines such as ``engineers = clerk, finance``; the last ``=`` parts the two."""
    lines = [line.strip().rpartition("=") for line in typed.splitlines() if line.strip()]
    return {group.strip(): _words(roles) for group, _, roles in lines}


def _words(typed: str) -> list[str]:
    return typed.replace(",", " ").replace("，", " ").split()


def _lines(provider: Provider) -> str:
    return "\n".join(f"{group} = {', '.join(roles)}" for group, roles in provider.roles.items())


def _back() -> Response:
    return RedirectResponse("/sso", status_code=303)


def _show(request: Request, *, typed: ProviderForm | None = None, trouble: Trouble | None = None) -> Response:
    who = signed_in(request)
    services = platform_of(request)
    with reading(request) as work:
        providers = services.sso.providers.list_providers(work, who)
        found: Sequence[tuple[Provider, Sequence[ExternalIdentity]]] = [
            (one, services.sso.providers.list_identities(work, who, one.id)) for one in providers
        ]
        waiting = services.approvals.count_waiting(work, who)
    return page(
        request,
        "sso.html",
        who=who,
        waiting=waiting,
        status=_status(trouble),
        section="sso",
        providers=[(one, _lines(one), identities) for one, identities in found],
        typed=typed or ProviderForm(),
        trouble=(trouble[0], *_told(trouble[1])) if trouble else ("", "", ""),
    )


def _status(trouble: Trouble | None) -> int:
    if trouble is None:
        return 200
    return problem_of(trouble[1]).status if isinstance(trouble[1], JindouError) else 422


def _told(error: JindouError | ValidationError) -> tuple[str, str]:
    """Return the name of what is wrong, by which a language has words for it, and the words of those that have none."""
    if isinstance(error, ValidationError):
        first = error.errors(include_input=False)[0]
        return str(first["loc"][0]), told_of(first, field_of(first))
    return error.code, error.message
