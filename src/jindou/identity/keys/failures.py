"""Why a key opens nothing, or not this."""

from jindou.errors import Conflict, Forbidden, Unauthenticated

__all__ = ["KeyExpired", "KeyNotActive", "KeyRefused", "KeyRevoked", "ScopeNotAllowed", "TooManyKeys"]


class KeyRefused(Unauthenticated):
    """No key, or none that this installation has given out."""

    code = "invalid_api_key"


class KeyExpired(KeyRefused):
    """The key was good until some time ago."""

    code = "key_expired"


class KeyRevoked(KeyRefused):
    """The key was taken back."""

    code = "key_revoked"


class ScopeNotAllowed(Forbidden):
    """The key is good, but not for this kind of request."""

    code = "scope_not_allowed"


class KeyNotActive(Conflict):
    """The key has expired or was revoked, so it can't be rotated."""

    code = "key_not_active"


class TooManyKeys(Conflict):
    """The person has as many keys as anybody may have."""

    code = "too_many_keys"
