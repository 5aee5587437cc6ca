"""AES-256-GCM (NIST SP 800-38D): a fresh nonce of 96 bits before the ciphertext and its tag of 128."""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from jindou.cloud.secrets.failures import SecretDamaged

__all__ = ["open_sealed", "seal"]

_NONCE = 12


def seal(key: bytes, plain: bytes, bound_to: bytes) -> bytes:
    """Return `plain` sealed; it opens only with the same key and the same `bound_to`."""
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, bound_to)


def open_sealed(key: bytes, sealed: bytes, bound_to: bytes) -> bytes:
    """Return what was sealed.

    Raises:
        SecretDamaged: it was sealed for something else, by another key, or was changed.
    """
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], bound_to)
    except (InvalidTag, ValueError):
        raise SecretDamaged(
            "A secret of the vault does not open: it was changed, moved, or sealed by another key."
        ) from None
