"""Virtual keys: what a program shows to act for a person at the gateway."""

from jindou.identity.keys.failures import KeyExpired, KeyRefused, KeyRevoked, ScopeNotAllowed
from jindou.identity.keys.ring import KeyRing
from jindou.identity.keys.service import Keys
from jindou.identity.keys.types import Key, KeyAsk, KeyHolder, NewKey, Rotation, Scope

__all__ = [
    "Key",
    "KeyAsk",
    "KeyExpired",
    "KeyHolder",
    "KeyRefused",
    "KeyRevoked",
    "KeyRing",
    "Keys",
    "NewKey",
    "Rotation",
    "Scope",
    "ScopeNotAllowed",
]
