"""Virtual keys. Only hashes of the secrets are kept."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from jindou.db import Base, Tenant

__all__ = ["KeyRow"]


class KeyRow(Tenant, Base):
    """A key of one person. `old_hash` is the secret before the last rotation, good until `old_until`.

    `made_by` is who has seen the secret of now: the person, an administrator for a service account, or the operator.
    """

    __tablename__ = "api_key"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    person_id: Mapped[str] = mapped_column(String(40), index=True)
    name: Mapped[str] = mapped_column(String(80))
    prefix: Mapped[str] = mapped_column(String(16))
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    old_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    old_until: Mapped[datetime | None]
    models: Mapped[list[Any] | None]
    scopes: Mapped[list[Any] | None]
    assistant: Mapped[str] = mapped_column(String(120), server_default="")
    made_by: Mapped[str] = mapped_column(String(80), server_default="")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_on: Mapped[date | None]
