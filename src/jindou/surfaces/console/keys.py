"""One's own keys: made, rotated and revoked by plain forms. A secret is on the page that made it and on no other."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, ValidationError

from jindou.errors import Conflict, Invalid
from jindou.identity.keys import KeyAsk, NewKey, Rotation
from jindou.surfaces.console.pages import page
from jindou.surfaces.door import platform_of, reading, signed_in, writing

__all__ = ["router"]

router = APIRouter()

_SCOPES = {"completions", "embeddings", "models"}


@router.get("/keys")
def list_keys(request: Request) -> Response:
    """Show one's keys, and the form for a new one."""
    return _show(request)


class KeyForm(BaseModel):
    """What somebody typed."""

    model_config = ConfigDict(extra="ignore")

    name: str = ""
    days: str = ""
    models: str = ""
    scopes: list[str] = []
    assistant: str = ""

    def asked(self) -> KeyAsk:
        """Return the key that is asked for; every scope ticked is all there will be, too.

        Raises:
            ValidationError: it makes no sense.
        """
        ticked = None if set(self.scopes) >= _SCOPES else self.scopes
        return KeyAsk.model_validate(
            {
                "name": self.name,
                "days": self.days or None,
                "models": self.models.replace(",", " ").split() or None,
                "scopes": ticked,
                "assistant": self.assistant.strip() or None,
            }
        )


@router.post("/keys")
def create(request: Request, typed: Annotated[KeyForm, Form()]) -> Response:
    """Make a key and show its secret; what stands in the way is said beside the form."""
    who = signed_in(request)
    try:
        asked = typed.asked()
        with writing(request) as work:
            made = platform_of(request).keys.create(work, who, asked)
    except ValidationError:
        return _show(request, status=422, typed=typed, trouble="unreadable" if typed.scopes else "scopes")
    except Invalid as error:
        return _show(request, status=422, typed=typed, trouble=error.code, told=error.params)
    except Conflict:
        return _show(request, status=409, typed=typed, trouble="too_many")
    return _show(request, status=201, made=made)


@router.post("/keys/{key_id}/rotation")
def rotate(request: Request, key_id: str) -> Response:
    """Give a key a new secret and show it; the old one is good for a day."""
    who = signed_in(request)
    try:
        with writing(request) as work:
            made = platform_of(request).keys.rotate(work, who, key_id, Rotation())
    except Conflict:
        return _show(request, status=409, trouble="over")
    return _show(request, made=made)


@router.post("/keys/{key_id}/revocation")
def revoke(request: Request, key_id: str) -> Response:
    """Take a key back."""
    who = signed_in(request)
    with writing(request) as work:
        platform_of(request).keys.revoke(work, who, key_id)
    return RedirectResponse("/keys", status_code=303)


def _show(
    request: Request,
    *,
    status: int = 200,
    made: NewKey | None = None,
    typed: KeyForm | None = None,
    trouble: str = "",
    told: Mapping[str, object] = MappingProxyType({}),
) -> Response:
    who = signed_in(request)
    services = platform_of(request)
    with reading(request) as work:
        keys = services.keys.list_keys(work, who)
        limits = {
            budget.scope_id: [budget] for budget in services.budgets.list_budgets(work, who) if budget.scope == "key"
        }
        waiting = services.approvals.count_waiting(work, who)
    return page(
        request,
        "keys.html",
        who=who,
        waiting=waiting,
        status=status,
        section="keys",
        keys=keys,
        made=made,
        typed=typed or KeyForm(),
        limits=limits,
        trouble=trouble,
        told=told,
        base_url=f"{services.settings.browser_url}/v1",
    )
