"""In which language a page speaks."""

from fastapi import Request

from jindou.identity.principals import Principal
from jindou.surfaces.console.texts import LANGUAGES, Language
from jindou.surfaces.door import platform_of

__all__ = ["COOKIE", "language_of", "spoken"]

COOKIE = "jindou_language"


def language_of(request: Request, who: Principal | None) -> Language:
    """Return what the viewer switched to, else what the installation says, else the person's or browser's language."""
    configured = platform_of(request).settings.language
    wishes = [request.cookies.get(COOKIE, ""), configured, who.language if who else "", _browser_wish(request)]
    spoken_ones: list[Language] = [language for wish in wishes if (language := spoken(wish)) is not None]
    return spoken_ones[0] if spoken_ones else "en"


def spoken(wish: str) -> Language | None:
    """Return the language of the console that `wish` (``zh``, ``zh-Hans-CN``, ``en-GB``) asks for, or none."""
    short = wish.strip().lower().partition("-")[0]
    return next((language for language in LANGUAGES if language == short), None)


def _browser_wish(request: Request) -> str:
    """Return the first language of ``Accept-Language`` that the console speaks; browsers send the best one first."""
    offers = [offer.partition(";")[0] for offer in request.headers.get("accept-language", "").split(",")]
    return next((offer for offer in offers if spoken(offer)), "")
