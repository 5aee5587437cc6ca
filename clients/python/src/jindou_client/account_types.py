"""Accounts, as the server sends them."""

from datetime import datetime

from pydantic import BaseModel

__all__ = ["Account"]


class Account(BaseModel):
    """How somebody can prove who they are."""

    person_id: str
    handle: str
    name: str
    password_set_at: datetime | None
