"""Credentials for outside systems: put, rotated and revoked by plain forms, which show no value."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from jindou.cloud.secrets import SecretAsk, SecretValue
from jindou.errors import Conflict
from jindou.surfaces.console.pages import page
from jindou.surfaces.door import platform_of, reading, signed_in, writing

__all__ = ["router"]

router = APIRouter()


class SecretForm(BaseModel):
    """What somebody typed. The value is not shown again, whatever is wrong."""

    model_config = ConfigDict(extra="ignore")

    name: str = ""
    value: SecretStr = SecretStr("")
    owner: str = "person"


@router.get("/secrets")
def list_secrets(request: Request) -> Response:
    """Show one's secrets, and the form for a new one."""
    return _show(request)


@router.post("/secrets")
def put(request: Request, typed: Annotated[SecretForm, Form()]) -> Response:
    """Add a secret; what stands in the way is said beside the form."""
    who = signed_in(request)
    try:
        asked = SecretAsk(name=typed.name.strip(), value=typed.value, owner=typed.owner)  # pyright: ignore[reportArgumentType]
        wrapping = platform_of(request).secrets.wrapping()
        with writing(request) as work:
            platform_of(request).secrets.put(work, who, asked, wrapping)
    except ValidationError:
        return _show(request, status=422, typed=typed, trouble="unreadable")
    except Conflict:
        return _show(request, status=409, typed=typed, trouble="exists")
    return RedirectResponse("/secrets", status_code=303)


@router.post("/secrets/{secret_id}/rotation")
def rotate(request: Request, secret_id: str, typed: Annotated[SecretForm, Form()]) -> Response:
    """Give a secret a new value."""
    who = signed_in(request)
    try:
        value = SecretValue(value=typed.value).value
        wrapping = platform_of(request).secrets.wrapping()
        with writing(request) as work:
            platform_of(request).secrets.rotate(work, who, secret_id, value, wrapping)
    except ValidationError:
        return _show(request, status=422, trouble="unreadable")
    except Conflict:
        return _show(request, status=409, trouble="over")
    return RedirectResponse("/secrets", status_code=303)


@router.post("/secrets/{secret_id}/revocation")
def revoke(request: Request, secret_id: str) -> Response:
    """Destroy the value of a secret."""
    who = signed_in(request)
    with writing(request) as work:
        platform_of(request).secrets.revoke(work, who, secret_id)
    return RedirectResponse("/secrets", status_code=303)


def _show(request: Request, *, status: int = 200, typed: SecretForm | None = None, trouble: str = "") -> Response:
    who = signed_in(request)
    services = platform_of(request)
    with reading(request) as work:
        found = services.secrets.list_secrets(work, who)
        waiting = services.approvals.count_waiting(work, who)
    return page(
        request,
        "secrets.html",
        who=who,
        waiting=waiting,
        status=status,
        section="secrets",
        secrets=found,
        manages=services.secrets.may_manage(who),
        typed=typed or SecretForm(),
        trouble=trouble,
    )
