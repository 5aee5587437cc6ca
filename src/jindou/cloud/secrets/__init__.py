"""The vault: credentials for outside systems, which the platform hands to a tool's call and to nobody else."""

from jindou.cloud.secrets.failures import SecretExists, SecretMissing, VaultKeyWrong
from jindou.cloud.secrets.keys import KeyEncryption, open_keys
from jindou.cloud.secrets.scrubbing import Scrubber
from jindou.cloud.secrets.service import Secrets
from jindou.cloud.secrets.types import Rewrapping, Secret, SecretAsk, SecretValue, StoredSecret

__all__ = [
    "KeyEncryption",
    "Rewrapping",
    "Scrubber",
    "Secret",
    "SecretAsk",
    "SecretExists",
    "SecretMissing",
    "SecretValue",
    "Secrets",
    "StoredSecret",
    "VaultKeyWrong",
    "open_keys",
]
