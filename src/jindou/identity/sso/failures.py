"""Why nobody is signed in or out by an identity provider. No message has a token, a code or a secret in it."""

from typing import Literal

from jindou.errors import Conflict, Invalid, NotFound, Unauthenticated, Unavailable

__all__ = [
    "LogoutRefused",
    "ProviderExists",
    "ProviderUnavailable",
    "Reason",
    "SignInRefused",
    "SsoNotInstalled",
    "TokenRefused",
    "no_provider",
]

Reason = Literal["ambiguous", "answer", "denied", "expired", "inactive", "linked", "off", "taken", "token", "unknown"]
"""What stands in the way, as a page tells it in the viewer's language."""


class SignInRefused(Unauthenticated):
    """An identity provider's answer signs nobody in; `reason` says which rule it breaks."""

    code = "sso_refused"

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message, params={"reason": reason})
        self.reason: Reason = reason


class TokenRefused(Unauthenticated):
    """A token is forged, for somebody else, out of its time, or otherwise none that may be believed."""

    code = "sso_token_refused"


class LogoutRefused(Invalid):
    """A logout token ends nothing."""

    code = "sso_logout_refused"


class ProviderUnavailable(Unavailable):
    """An identity provider does not answer, or not as OpenID Connect says."""

    code = "sso_provider_unavailable"


class ProviderExists(Conflict):
    """The organisation has a provider with that issuer or name already."""

    code = "sso_provider_exists"


class SsoNotInstalled(Unavailable):
    """What reads tokens is not installed."""

    code = "sso_not_installed"


def no_provider() -> NotFound:
    """Return the answer to an id that no provider of the organisation has."""
    return NotFound("There is no such identity provider.")
