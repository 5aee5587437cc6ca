"""Signing in with an identity provider: the way there, and the way back."""

from typing import Annotated
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from jindou.identity.sso import ProviderUnavailable, Return, SignInRefused, SsoNotInstalled
from jindou.surfaces.console.pages import go_on
from jindou.surfaces.console.sign_in_page import show_ways
from jindou.surfaces.cookies import ENTRANCE, SSO
from jindou.surfaces.door import arrival_of, platform_of, set_session_cookie, visit_of

__all__ = ["router"]

router = APIRouter(prefix="/sso")

_SECONDS = 600
_YEAR = 365 * 24 * 3600
_OWN_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
_FAILURES = (SignInRefused, ProviderUnavailable, SsoNotInstalled)


@router.post("/start")
def start(request: Request, entrance: Annotated[str, Form()] = "") -> Response:
    """Send the browser to an identity provider.

    The provider sends it back to one address, and no other has its cookie. Who begins at another name of this machine,
    such as the one at which passkeys work, is sent to the sign-in page there first.
    """
    there, here = platform_of(request).settings.browser_url, request.headers.get("origin", "")
    if urlsplit(here).hostname in _OWN_NAMES and here != there.lower():
        return go_on(request, f"{there}/sign-in?{urlencode({'sso': entrance})}")
    try:
        browser, address = SSO.read(request), visit_of(request).address
        begun = platform_of(request).sso.signing_in.start(entrance, browser, address)
    except _FAILURES as error:
        return _refuse(request, error)
    response = go_on(request, begun.url)
    SSO.keep(request, response, begun.browser, _SECONDS)
    return response


@router.get("/{provider_id}/callback")
def come_back(
    request: Request, provider_id: str, state: str = "", code: str = "", iss: str = "", error: str = ""
) -> Response:
    """Sign in whoever comes back from an identity provider, and show the start page."""
    back = Return(state=state, code=code, issuer=iss, error=error)
    browser = SSO.read(request)
    try:
        done = platform_of(request).sso.signing_in.finish(provider_id, back, browser, arrival_of(request, "sso"))
    except _FAILURES as failure:
        return _refuse(request, failure)
    response = go_on(request, "/")
    set_session_cookie(request, response, done.secret)
    ENTRANCE.keep(request, response, done.entrance, _YEAR)
    return response


def _refuse(request: Request, error: Exception) -> Response:
    if isinstance(error, SignInRefused):
        return show_ways(request, trouble=f"sso_{error.reason}", status=401)
    return show_ways(request, trouble="sso_unavailable", status=503)
