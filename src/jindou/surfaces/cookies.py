"""The cookies of the console: out of reach of scripts and other sites, and behind TLS of neighbours in the domain."""

from dataclasses import dataclass
from typing import Final, Literal

from fastapi import Request
from starlette.responses import Response

from jindou.assembly import Platform

__all__ = ["CHALLENGE", "DEVICE", "ENTRANCE", "PENDING", "SESSION", "SSO", "Cookie"]


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie of ours. A browser sends it along to `path` alone; `lax`, also when another site sends it there."""

    purpose: str
    path: str = "/"
    sent: Literal["strict", "lax"] = "strict"

    def read(self, request: Request) -> str:
        """Return what the browser has kept, or an empty string."""
        return request.cookies.get(self._name(request), "")

    def keep(self, request: Request, response: Response, value: str, seconds: int) -> None:
        """Have the browser keep a value so long; an empty one is forgotten at once."""
        is_over_tls = _is_over_tls(request)
        response.set_cookie(
            self._name(request),
            value,
            max_age=seconds if value else 0,
            httponly=True,
            samesite=self.sent,
            path="/" if is_over_tls else self.path,
            secure=is_over_tls,
        )

    def _name(self, request: Request) -> str:
        # Browsers share cookies between ports, so two installations on one machine need two names. With the prefix they
        # take a cookie from this very host over TLS alone: no neighbour in the domain plants one of another sign-in.
        platform: Platform = request.app.state.platform
        return f"{'__Host-' if _is_over_tls(request) else ''}jindou_{self.purpose}_{platform.settings.port}"


def _is_over_tls(request: Request) -> bool:
    """Say whether browsers reach the console over TLS, so that its cookies are for that alone."""
    platform: Platform = request.app.state.platform
    return platform.settings.public_url.startswith("https://")


SESSION: Final = Cookie("session")
DEVICE: Final = Cookie("device")
PENDING: Final = Cookie("pending", "/sign-in")
CHALLENGE: Final = Cookie("challenge", "/api")
SSO: Final = Cookie("sso", "/sso", "lax")
"""Lax, since the browser brings it along when another site sends it back here."""

ENTRANCE: Final = Cookie("entrance", "/sign-in", "lax")
