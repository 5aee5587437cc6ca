"""Keys as the server sends them."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel

__all__ = ["Key", "KeyScope", "KeyStatus", "NewKey"]

KeyStatus = Literal["active", "expired", "revoked"]

KeyScope = Literal["completions", "embeddings", "models", "scim"]
"""What a key is good for: asking models, making embeddings, listing models, keeping people and teams (SCIM)."""


class Key(BaseModel):
    """A key. `prefix` is how its secret begins; `models` and `scopes` are None where it is good for all.

    `assistant` is what the bill names the calls with it by.
    """

    id: str
    name: str
    prefix: str
    status: KeyStatus
    models: list[str] | None
    scopes: list[KeyScope] | None
    assistant: str | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    old_secret_until: datetime | None
    last_used_on: date | None


class NewKey(Key):
    """A key whose `secret` was just made; it is told this once."""

    secret: str
