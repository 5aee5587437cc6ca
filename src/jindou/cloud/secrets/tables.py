"""Secrets, sealed. A row has no value that opens without the vault's key."""

from datetime import datetime

from sqlalchemy import LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from jindou.db import Base, Tenant

__all__ = ["SecretRow"]


class SecretRow(Tenant, Base):
    """The newest version of a secret. `person_id` is empty where it is the organisation's."""

    __tablename__ = "secret"
    __table_args__ = (UniqueConstraint("org_id", "person_id", "name", name="uq_secret_owner_name"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    person_id: Mapped[str] = mapped_column(String(40), server_default="")
    name: Mapped[str] = mapped_column(String(64))
    version: Mapped[int]
    key_id: Mapped[str] = mapped_column(String(80), index=True)
    wrapped_key: Mapped[bytes] = mapped_column(LargeBinary)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    changed_by_name: Mapped[str] = mapped_column(String(200))
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
