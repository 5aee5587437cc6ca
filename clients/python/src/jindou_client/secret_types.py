"""What the vault tells of secrets. No value is in any of it."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

__all__ = ["Rewrapping", "SecretOwner", "SecretStatus", "StoredSecret"]

SecretOwner = Literal["person", "organisation"]
SecretStatus = Literal["active", "revoked"]


class StoredSecret(BaseModel):
    """A secret as its owner sees it."""

    id: str
    name: str
    owner: SecretOwner
    version: int
    status: SecretStatus
    created_at: datetime
    changed_at: datetime
    changed_by_name: str
    last_used_at: datetime | None


class Rewrapping(BaseModel):
    """The key that secrets are wrapped by, and how many are still wrapped by an older one."""

    key_id: str
    left: int
