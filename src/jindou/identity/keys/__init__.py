"""Virtual keys: what a program shows to act for a person at the gateway."""

from jindou.identity.keys.service import KeyExpired, KeyRefused, KeyRevoked, Keys
from jindou.identity.keys.types import Key, KeyAsk, KeyHolder, NewKey, Rotation

__all__ = [
    "Key",
    "KeyAsk",
    "KeyExpired",
    "KeyHolder",
    "KeyRefused",
    "KeyRevoked",
    "Keys",
    "NewKey",
    "Rotation",
]
