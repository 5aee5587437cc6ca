"""ID tokens at rest: sealed by the secret of the session that they opened, which the database does not have."""

import hashlib
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

__all__ = ["open_sealed", "seal"]

_NONCE = 12
_PURPOSE = b"jindou.sso.hint\0"


def seal(secret: str, token: str) -> bytes:
    """Return a token sealed (AES-256-GCM); only the same secret opens it."""
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(_key(secret)).encrypt(nonce, token.encode(), _PURPOSE)


def open_sealed(secret: str, sealed: bytes) -> str:
    """Return the token, or an empty text if the secret is another one."""
    try:
        return AESGCM(_key(secret)).decrypt(sealed[:_NONCE], sealed[_NONCE:], _PURPOSE).decode()
    except (InvalidTag, ValueError):
        return ""


def _key(secret: str) -> bytes:
    # The secret has 256 random bits, so one hash is enough to make another key of it.
    return hashlib.sha256(_PURPOSE + secret.encode(errors="backslashreplace")).digest()
