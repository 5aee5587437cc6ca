"""Organisations and people."""

from datetime import datetime
from typing import Any

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from jindou.db import Base, Tenant

__all__ = ["OrganisationRow", "PersonRow"]


class OrganisationRow(Base):
    """A company on this installation."""

    __tablename__ = "organisation"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]


class PersonRow(Tenant, Base):
    """Somebody who works there."""

    __tablename__ = "person"
    __table_args__ = (UniqueConstraint("org_id", "handle"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    handle: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(String(200))
    title: Mapped[dict[str, Any]]
    roles: Mapped[list[Any]]
    language: Mapped[str] = mapped_column(String(10))
    created_at: Mapped[datetime]
