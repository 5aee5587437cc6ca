"""The sign-in page: every way to come in, and what stood in the way of the last try.

A way is a piece of the page, ``templates/ways/<name>.html``, and a function in `_WAYS` that returns what the piece
needs, or None where the way leads nobody in.
"""

from collections.abc import Callable, Mapping

from fastapi import Request
from fastapi.responses import Response

from jindou.identity.principals import Person
from jindou.surfaces.console.formats import span
from jindou.surfaces.console.pages import page
from jindou.surfaces.cookies import ENTRANCE
from jindou.surfaces.door import platform_of

__all__ = ["Way", "confirm_link", "show_code", "show_ways"]

Way = Callable[[Request], Mapping[str, object] | None]
"""Looks whether a way is open here; returns the values of its piece of the page."""


def _password(_request: Request) -> Mapping[str, object]:
    return {}


def _passkey(request: Request) -> Mapping[str, object]:
    passkeys = platform_of(request).accounts.passkeys
    return {"host": passkeys.host, "scheme": passkeys.scheme}


def _sso(request: Request) -> Mapping[str, object] | None:
    services = platform_of(request)
    with services.database.reading(None) as work:
        found = services.sso.signing_in.entrances(work, request.query_params.get("sso") or ENTRANCE.read(request))
    return {"entrances": found} if found else None


def _link(_request: Request) -> Mapping[str, object]:
    return {"command": "jindou sign-in --as clerk"}


_WAYS: Mapping[str, Way] = {"sso": _sso, "password": _password, "passkey": _passkey, "link": _link}
"""The ways by name, in the order of the page."""


def show_ways(request: Request, *, trouble: str = "", status: int = 200, wait: float = 0.0) -> Response:
    """Show every way that is open.

    `trouble` is the name of what went wrong before, by which a language has words.
    After `wait` seconds one may try again.
    """
    found = ((name, way(request)) for name, way in _WAYS.items())
    ways = [(name, values) for name, values in found if values is not None]
    return page(request, "sign_in.html", status=status, ways=ways, trouble=trouble, wait=span(wait) if wait else "")


def confirm_link(request: Request, person: Person, token: str) -> Response:
    """Ask whether to sign in as the person of a link."""
    return page(request, "sign_in_link.html", person=person, token=token)


def show_code(request: Request, *, trouble: str = "", status: int = 200) -> Response:
    """Ask for a code of an authenticator, or a recovery code."""
    return page(request, "sign_in_code.html", status=status, trouble=trouble)
