"""Proving again who one is, before what takes a proof of the last ten minutes; then back to where one was."""

import re
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from jindou.errors import Forbidden, JindouError, Limited, Unauthenticated
from jindou.identity.accounts import Proof
from jindou.identity.sessions import OPERATOR
from jindou.surfaces.console.pages import page
from jindou.surfaces.door import platform_of, reading, seat_of
from jindou.surfaces.problems import problem_of

__all__ = ["ask_for_proof", "is_asked", "router"]

router = APIRouter()

_PLACES = re.compile(r"/(account|sso|webhooks|policies(/\d{1,10})?)(?=/|$)")


class ProofForm(BaseModel):
    """What somebody typed, and the page that they came from."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    password: SecretStr = SecretStr("")
    code: SecretStr = SecretStr("")
    next: str = ""


def ask_for_proof(request: Request) -> Response:
    """Send the browser to where a proof is asked for; from there it comes back to the page that it was on."""
    there = urlencode({"next": _place(request.url.path)})
    return RedirectResponse(f"/account/proof?{there}", status_code=303)


@router.get("/account/proof")
def ask(request: Request, next: str = "") -> Response:  # noqa: A002 - as the address has it
    """Ask for a proof."""
    return _show(request, next)


@router.post("/account/proof")
def give(request: Request, typed: Annotated[ProofForm, Form()]) -> Response:
    """Take a proof, and show the page that somebody came from."""
    given = {name: value for name in ("password", "code") if (value := getattr(typed, name)).get_secret_value()}
    try:
        platform_of(request).accounts.proving.prove(seat_of(request), Proof.model_validate(given))
    except ValidationError:
        return _show(request, typed.next, trouble="password_wrong", status=422)
    except (Forbidden, Unauthenticated, Limited) as error:
        return _show(request, typed.next, trouble=error.code, status=problem_of(error).status)
    return RedirectResponse(_place(typed.next), status_code=303)


def is_asked(request: Request, error: JindouError) -> bool:
    """Say whether an error is that a proof is due, of a form that somebody sent."""
    return error.code == "sign_in_stale" and request.method == "POST"


def _place(path: str) -> str:
    found = _PLACES.match(path)
    return found[0] if found else "/account"


def _show(request: Request, back: str, *, trouble: str = "", status: int = 200) -> Response:
    seat = seat_of(request)
    services = platform_of(request)
    with reading(request) as work:
        account = services.accounts.mine(work, seat.who)
    return page(
        request,
        "account_proof.html",
        who=seat.who,
        status=status,
        account=account,
        host=services.accounts.passkeys.host,
        scheme=services.accounts.passkeys.scheme,
        is_operator=seat.who.actor == OPERATOR,
        back=_place(back),
        trouble=trouble,
    )
