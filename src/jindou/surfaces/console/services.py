"""Service accounts, for those who look after people: a list, and a page for each, with its keys."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, ValidationError

from jindou.errors import Conflict, Forbidden, Invalid
from jindou.identity.directory import NewProfile, ProfileChange
from jindou.identity.keys import KeyAsk, NewKey
from jindou.surfaces.console.pages import page
from jindou.surfaces.console.roster import MOST, NO_TROUBLE, Trouble, Typed, trouble_of
from jindou.surfaces.door import platform_of, reading, signed_in, writing

__all__ = ["router"]

router = APIRouter()


class KeyForm(BaseModel):
    """What somebody typed and ticked of a key."""

    model_config = ConfigDict(extra="ignore")

    key: str = ""
    days: str = ""
    scopes: list[str] = []

    def asked(self) -> KeyAsk:
        """Return the key that is asked for.

        Raises:
            ValidationError: it makes no sense.
        """
        return KeyAsk.model_validate({"name": self.key, "days": self.days or None, "scopes": self.scopes})


@router.get("/services")
def list_services(request: Request) -> Response:
    """Show the service accounts."""
    return _list(request)


@router.post("/services")
def create(request: Request, typed: Annotated[Typed, Form()]) -> Response:
    """Add a service account; what stands in the way is said beside the form."""
    who = signed_in(request)
    try:
        new = NewProfile(handle=typed.handle, name=typed.name, roles=typed.roles)
        with writing(request) as work:
            made = platform_of(request).directory.people.create(work, who, new, "service")
    except (ValidationError, Invalid, Conflict, Forbidden) as error:
        return _list(request, typed=typed, trouble=trouble_of(error))
    return _back(made.id)


@router.get("/services/{account_id}")
def get_service(request: Request, account_id: str) -> Response:
    """Show a service account, its keys, and what can be done about it."""
    return _one(request, account_id)


@router.post("/services/{account_id}")
def update(request: Request, account_id: str, typed: Annotated[Typed, Form()]) -> Response:
    """Change a service account."""
    who = signed_in(request)
    try:
        change = ProfileChange(name=typed.name, roles=typed.roles)
        with writing(request) as work:
            platform_of(request).directory.people.update(work, who, account_id, change, "service")
    except (ValidationError, Invalid, Conflict, Forbidden) as error:
        return _one(request, account_id, typed=typed, trouble=trouble_of(error))
    return _back(account_id)


@router.post("/services/{account_id}/deactivation")
def deactivate(request: Request, account_id: str) -> Response:
    """Let nothing act as a service account any more."""
    who = signed_in(request)
    with writing(request) as work:
        platform_of(request).directory.people.deactivate(work, who, account_id, "service")
    return _back(account_id)


@router.post("/services/{account_id}/reactivation")
def reactivate(request: Request, account_id: str) -> Response:
    """Take a service account back."""
    who = signed_in(request)
    with writing(request) as work:
        platform_of(request).directory.people.reactivate(work, who, account_id, "service")
    return _back(account_id)


@router.post("/services/{account_id}/keys")
def create_key(request: Request, account_id: str, typed: Annotated[KeyForm, Form()]) -> Response:
    """Make a key and show its secret, here and on no other page."""
    who = signed_in(request)
    services = platform_of(request)
    try:
        asked = typed.asked()
        with writing(request) as work:
            made = services.keys.create(work, services.directory.people.service_account(work, who, account_id), asked)
    except ValidationError:
        return _one(request, account_id, typed_key=typed, trouble=Trouble("key", status=422))
    except Conflict:
        return _one(request, account_id, typed_key=typed, trouble=Trouble("too_many_keys", status=409))
    return _one(request, account_id, made=made)


@router.post("/services/{account_id}/keys/{key_id}/revocation")
def revoke_key(request: Request, account_id: str, key_id: str) -> Response:
    """Take a key back."""
    who = signed_in(request)
    services = platform_of(request)
    with writing(request) as work:
        services.keys.revoke(work, services.directory.people.service_account(work, who, account_id), key_id)
    return _back(account_id)


def _back(account_id: str) -> Response:
    return RedirectResponse(f"/services/{account_id}", status_code=303)


def _list(request: Request, *, typed: Typed | None = None, trouble: Trouble = NO_TROUBLE) -> Response:
    who = signed_in(request)
    services = platform_of(request)
    with reading(request) as work:
        found = services.directory.people.search(work, who, kind="service", count=MOST)
        waiting = services.approvals.count_waiting(work, who)
    return page(
        request,
        "services.html",
        who=who,
        waiting=waiting,
        status=trouble.status,
        section="people",
        services=found,
        known=services.policy.roles(who.org_id),
        typed=typed or Typed(),
        trouble=trouble,
    )


def _one(
    request: Request,
    account_id: str,
    *,
    typed: Typed | None = None,
    typed_key: KeyForm | None = None,
    made: NewKey | None = None,
    trouble: Trouble = NO_TROUBLE,
) -> Response:
    who = signed_in(request)
    services = platform_of(request)
    people = services.directory.people
    with reading(request) as work:
        one = people.get(work, who, account_id, "service")
        keys = services.keys.list_keys(work, people.service_account(work, who, account_id)) if one.active else []
        waiting = services.approvals.count_waiting(work, who)
    return page(
        request,
        "service.html",
        who=who,
        waiting=waiting,
        status=trouble.status if made is None else 201,
        section="people",
        one=one,
        keys=keys,
        made=made,
        known=services.policy.roles(who.org_id),
        typed=typed or one,
        typed_key=typed_key or KeyForm(),
        trouble=trouble,
    )
