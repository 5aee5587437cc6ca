"""Signing in by a one-time link or with a password, and out again."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from jindou.errors import Limited, NotFound, Unauthenticated
from jindou.identity.accounts import Credentials
from jindou.identity.sessions import SignInLinkUsed
from jindou.surfaces.console.sign_in_page import confirm_link, show_ways
from jindou.surfaces.door import (
    arrival_of,
    clear_session_cookie,
    platform_of,
    platform_work,
    session_secret,
    set_device_cookie,
    set_session_cookie,
    visit_of,
)
from jindou.surfaces.problems import problem_of

__all__ = ["router"]

router = APIRouter()


class PasswordForm(BaseModel):
    """What somebody typed."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    person: str = ""
    password: SecretStr = SecretStr("")


@router.get("/sign-in")
def ask(request: Request, token: str = "") -> Response:
    """Ask whether to sign in as the person of the link. Looking uses nothing up: link previewers look too."""
    if not token:
        return show_ways(request)
    try:
        with platform_work(request) as work:
            person = platform_of(request).sessions.peek(work, token)
    except (Unauthenticated, NotFound) as error:
        return _refuse(request, error)
    return confirm_link(request, person, token)


@router.post("/sign-in")
def sign_in(request: Request, token: Annotated[str, Form()]) -> Response:
    """Use the link up, sign in, and show the start page."""
    try:
        with platform_work(request) as work:
            secret = platform_of(request).sessions.redeem(work, token, arrival_of(request, "link"))
    except (Unauthenticated, NotFound) as error:
        return _refuse(request, error)
    response = RedirectResponse("/", status_code=303)
    set_session_cookie(request, response, secret)
    return response


@router.post("/sign-in/password")
def enter(request: Request, typed: Annotated[PasswordForm, Form()]) -> Response:
    """Sign in with a name and a password, and show the start page."""
    try:
        given = Credentials(person=typed.person, password=typed.password)
        entered = platform_of(request).accounts.signing_in.enter(
            given, arrival_of(request, "password"), visit_of(request)
        )
    except (ValidationError, Unauthenticated):
        return show_ways(request, trouble="refused", status=401)
    except Limited as error:
        return show_ways(request, trouble="throttled", status=problem_of(error).status)
    response = RedirectResponse("/", status_code=303)
    set_session_cookie(request, response, entered.secret)
    set_device_cookie(request, response, entered.device)
    return response


@router.post("/sign-out")
def sign_out(request: Request) -> Response:
    """End the session."""
    with platform_work(request) as work:
        platform_of(request).sessions.close(work, session_secret(request))
    response = RedirectResponse("/sign-in", status_code=303)
    clear_session_cookie(request, response)
    return response


def _refuse(request: Request, error: Exception) -> Response:
    return show_ways(request, trouble="used" if isinstance(error, SignInLinkUsed) else "expired", status=401)
