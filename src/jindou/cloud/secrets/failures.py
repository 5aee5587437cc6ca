"""What can go wrong with the vault. No message has a value in it."""

from jindou.errors import Conflict, Corrupt, NotFound, Unavailable

__all__ = ["SecretDamaged", "SecretExists", "SecretMissing", "SecretRevoked", "VaultKeyWrong"]


class SecretExists(Conflict):
    """There is one of this name already."""

    code = "secret_exists"


class SecretRevoked(Conflict):
    """It was revoked, so it has no value any more."""

    code = "secret_revoked"


class SecretMissing(NotFound):
    """A tool needs a credential that neither the person nor the organisation has."""

    code = "secret_missing"


class SecretDamaged(Corrupt):
    """A ciphertext is not the one that was written for this secret."""

    code = "secret_damaged"


class VaultKeyWrong(Unavailable):
    """The key that the vault's secrets are wrapped by can't be had."""

    code = "vault_key_wrong"
