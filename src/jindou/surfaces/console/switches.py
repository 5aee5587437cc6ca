"""The language switch in the header."""

from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import RedirectResponse

from jindou.surfaces.console.languages import COOKIE
from jindou.surfaces.console.texts import Language

__all__ = ["router"]

router = APIRouter()

_YEAR = 365 * 24 * 3600


@router.post("/language")
def switch_language(language: Annotated[Language, Form()], back: Annotated[str, Form()] = "/") -> RedirectResponse:
    """Remember the language in this browser and show the same page again."""
    response = RedirectResponse(_inside(back), status_code=303)
    response.set_cookie(COOKIE, language, max_age=_YEAR, httponly=True, samesite="lax", path="/")
    return response


def _inside(back: str) -> str:
    """Return `back` if it is a path of this console, else the start page: a redirect must not lead elsewhere."""
    safe = back.startswith("/") and not back.startswith(("//", "/\\")) and back.isprintable()
    return back if safe else "/"
