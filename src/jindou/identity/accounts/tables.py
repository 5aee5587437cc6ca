"""What people prove themselves by, and how often somebody tried. No proof can be read back."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from jindou.db import Base, Tenant

__all__ = ["DeviceRow", "PasswordRow", "ThrottleRow"]


class PasswordRow(Tenant, Base):
    """A person's password, as argon2id made it."""

    __tablename__ = "account_password"

    person_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    hashed: Mapped[str] = mapped_column(String(200))
    set_at: Mapped[datetime]


class DeviceRow(Tenant, Base):
    """A browser in which somebody has signed in with their password before."""

    __tablename__ = "account_device"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[str] = mapped_column(String(40), index=True)
    used_at: Mapped[datetime]


class ThrottleRow(Tenant, Base):
    """How often somebody tried, by a hash of what is throttled. `org_id` is empty where it is no organisation's."""

    __tablename__ = "account_throttle"

    key_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    tries: Mapped[int]
    tried_at: Mapped[datetime] = mapped_column(index=True)
    free_at: Mapped[datetime]
