"""Why a key opens nothing, or not this."""

from collections.abc import Sequence

from jindou.errors import Conflict, Forbidden, Invalid, Unauthenticated

__all__ = ["KeyExpired", "KeyNotActive", "KeyRefused", "KeyRevoked", "NoSuchModel", "ScopeNotAllowed", "TooManyKeys"]

_MOST_NAMED = 20


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


class NoSuchModel(Invalid):
    """A key is to be made for models of which none has the name."""

    code = "no_such_model"

    def __init__(self, names: Sequence[str], there: Sequence[str]) -> None:
        named = [f"`{name}`" for name in there[:_MOST_NAMED]]
        more = f" and {len(there) - _MOST_NAMED} more" if len(there) > _MOST_NAMED else ""
        missing = " or ".join(f"`{name}`" for name in names)
        told = f"There is no model {missing} here; there is {', '.join(named) or 'none'}{more}."
        super().__init__(told, field="models", rule="a model that there is")
        self.params |= {"names": list(names), "there": list(there)}
