"""Signing in by a one-time link or with a password, with a second factor if one is used, and out again."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from jindou.errors import Limited, NotFound, Unauthenticated
from jindou.identity.accounts import Code, Credentials, Entered, Waiting
from jindou.identity.sessions import SignInLinkUsed
from jindou.surfaces.console.pages import go_on
from jindou.surfaces.console.sign_in_page import confirm_link, show_code, show_ways
from jindou.surfaces.door import (
    arrival_of,
    clear_session_cookie,
    pending_token,
    platform_of,
    session_secret,
    set_device_cookie,
    set_pending_cookie,
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


class CodeForm(BaseModel):
    """What somebody typed."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    code: SecretStr = SecretStr("")


@router.get("/sign-in")
def ask(request: Request, token: str = "") -> Response:
    """Ask whether to sign in as the person of the link. Looking uses nothing up: link previewers look too."""
    if not token:
        return show_ways(request)
    try:
        with platform_of(request).database.reading(None) as work:
            person = platform_of(request).sessions.peek(work, token)
    except (Unauthenticated, NotFound) as error:
        return _refuse(request, error)
    return confirm_link(request, person, token)


@router.post("/sign-in")
def sign_in(request: Request, token: Annotated[str, Form()]) -> Response:
    """Use the link up, sign in, and show the start page."""
    try:
        came = platform_of(request).accounts.signing_in.come_by_link(token, arrival_of(request, "link"))
    except (Unauthenticated, NotFound) as error:
        return _refuse(request, error)
    return _go_on(request, came)


@router.post("/sign-in/password")
def enter(request: Request, typed: Annotated[PasswordForm, Form()]) -> Response:
    """Sign in with a name and a password, and show the start page."""
    try:
        given = Credentials(person=typed.person, password=typed.password)
        came = platform_of(request).accounts.signing_in.enter(given, arrival_of(request, "password"), visit_of(request))
    except (ValidationError, Unauthenticated):
        return show_ways(request, trouble="refused", status=401)
    except Limited as error:
        return _throttle(request, error)
    return _go_on(request, came)


@router.get("/sign-in/code")
def ask_for_code(request: Request) -> Response:
    """Ask for the second factor."""
    return show_code(request) if pending_token(request) else RedirectResponse("/sign-in", status_code=303)


@router.post("/sign-in/code")
def give_code(request: Request, typed: Annotated[CodeForm, Form()]) -> Response:
    """Give the second factor, sign in, and show the start page."""
    token, arrival, visit = pending_token(request), arrival_of(request, "link"), visit_of(request)
    try:
        came = platform_of(request).accounts.signing_in.finish(token, Code(code=typed.code), arrival, visit)
    except ValidationError:
        return show_code(request, trouble="code_wrong", status=422)
    except Unauthenticated as error:
        if error.code == "code_wrong":
            return show_code(request, trouble=error.code, status=401)
        return show_ways(request, trouble="begin_again", status=401)
    except Limited as error:
        return _throttle(request, error)
    return _go_on(request, came)


def _go_on(request: Request, came: Entered | Waiting) -> Response:
    """Sign the browser in, or send it to where the second factor is asked for."""
    if isinstance(came, Waiting):
        response = RedirectResponse("/sign-in/code", status_code=303)
        set_pending_cookie(request, response, came.token)
        return response
    response = RedirectResponse("/", status_code=303)
    set_session_cookie(request, response, came.secret)
    set_pending_cookie(request, response, "")
    if came.device:
        set_device_cookie(request, response, came.device)
    return response


@router.post("/sign-out")
def sign_out(request: Request) -> Response:
    """End the session, here and at the identity provider that it came of."""
    there = platform_of(request).sso.signing_out.leave(session_secret(request))
    response = go_on(request, there) if there else RedirectResponse("/sign-in", status_code=303)
    clear_session_cookie(request, response)
    return response


def _throttle(request: Request, error: Limited) -> Response:
    return show_ways(request, trouble="throttled", status=problem_of(error).status, wait=error.retry_after)


def _refuse(request: Request, error: Exception) -> Response:
    return show_ways(request, trouble="used" if isinstance(error, SignInLinkUsed) else "expired", status=401)
