"""Signatures of tokens (RFC 7515): the one file that needs the extra ``jindou[sso]``."""

import base64
from collections.abc import Mapping
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import import_key
from joserfc.jws import deserialize_compact

__all__ = ["is_signed"]

_LEAST_BITS: Final = 2048
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "k"})


def is_signed(token: str, key: Mapping[str, Any], algorithm: str) -> bool:
    """Say whether the owner of a published key has signed a token with that algorithm.

    A key that can't be read, is a shared secret, or is an RSA key of fewer than 2,048 bits has signed nothing.
    """
    public = {name: value for name, value in key.items() if name not in _PRIVATE}
    try:
        if public["kty"] == "oct" or (public["kty"] == "RSA" and _bits(public["n"]) < _LEAST_BITS):
            return False
        deserialize_compact(token, import_key(public), algorithms=[algorithm])
    except (JoseError, ValueError, TypeError, KeyError):
        return False
    return True


def _bits(number: str) -> int:
    raw = base64.b64decode(number + "=" * (-len(number) % 4), altchars=b"-_", validate=True)
    return int.from_bytes(raw, "big").bit_length()
