"""One-time codes by time (RFC 6238): HMAC-SHA1, six digits, a new one every 30 seconds."""

import base64
import hmac
import struct
from datetime import datetime
from typing import Final
from urllib.parse import quote, urlencode

__all__ = ["SECRET_BYTES", "base32", "code_at", "matching_step", "step_of", "uri"]

SECRET_BYTES: Final = 20
_SECONDS: Final = 30
_DIGITS: Final = 6


def code_at(secret: bytes, step: int) -> str:
    """Return the code of a time step (RFC 4226, 5.3)."""
    digest = hmac.digest(secret, struct.pack(">Q", step), "sha1")
    at = digest[-1] & 0x0F
    number = struct.unpack(">I", digest[at : at + 4])[0] & 0x7FFFFFFF
    return str(number % 10**_DIGITS).zfill(_DIGITS)


def step_of(now: datetime) -> int:
    """Return the time step of a moment."""
    return int(now.timestamp()) // _SECONDS


def matching_step(secret: bytes, typed: str, now: datetime) -> int | None:
    """Return the step that a code is of: the one of now, or one beside it; None if it is of none of the three."""
    found = None
    for step in range(step_of(now) - 1, step_of(now) + 2):
        if hmac.compare_digest(code_at(secret, step).encode(), typed.encode(errors="replace")):
            found = step
    return found


def base32(secret: bytes) -> str:
    """Return a secret as authenticators take it by hand."""
    return base64.b32encode(secret).decode()


def uri(secret: bytes, issuer: str, name: str) -> str:
    """Return what an authenticator reads out of a QR code."""
    query = urlencode(
        {"secret": base32(secret), "issuer": issuer, "digits": _DIGITS, "period": _SECONDS}, quote_via=quote
    )
    return f"otpauth://totp/{quote(issuer)}:{quote(name)}?{query}"
