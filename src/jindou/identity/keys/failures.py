"""Why a key opens nothing, or not this."""

from collections.abc import Collection

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

    def __init__(self, names: Collection[str], there: Collection[str]) -> None:
        names = list(dict.fromkeys(names))
        missing, others = _first(names, " or "), _first(there, ", ")
        told = f"There is no model {missing} here; there is {others or 'none'}."
        super().__init__(told, field="models", rule="a model that there is")
        for what, all_ in (("names", names), ("there", list(there))):
            self.params |= {what: all_[:_MOST_NAMED], f"more_{what}": max(0, len(all_) - _MOST_NAMED)}


def _first(names: Collection[str], joint: str) -> str:
    """Return the first of some names as one text, and how many there are beside."""
    named = joint.join(f"`{name}`" for name in list(names)[:_MOST_NAMED])
    return f"{named} and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else named
