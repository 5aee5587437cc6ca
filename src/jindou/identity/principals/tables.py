"""Organisations, the people and service accounts in them, and their teams."""

from datetime import datetime
from typing import Any

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from jindou.db import Base, Tenant

__all__ = ["OrganisationRow", "PersonRow", "TeamMemberRow", "TeamRow"]


class OrganisationRow(Base):
    """A company on this installation."""

    __tablename__ = "organisation"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]


class PersonRow(Tenant, Base):
    """Somebody who works there, or (`kind` is ``service``) a program that does; ``former`` is who was removed.

    `skeleton` is what their handle shares with its look-alikes. `version` counts the changes.
    """

    __tablename__ = "person"
    __table_args__ = (UniqueConstraint("org_id", "handle"), UniqueConstraint("org_id", "skeleton"))

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    handle: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(String(200))
    title: Mapped[dict[str, Any]]
    roles: Mapped[list[Any]]
    language: Mapped[str] = mapped_column(String(10))
    created_at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(10), default="person", server_default="person")
    skeleton: Mapped[str] = mapped_column(String(160))
    email: Mapped[str] = mapped_column(String(320), default="", server_default="")
    external_id: Mapped[str | None] = mapped_column(String(200), index=True)
    active: Mapped[bool] = mapped_column(default=True, server_default="1")
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    updated_at: Mapped[datetime]


class TeamRow(Tenant, Base):
    """People who work together, and the roles that each of them has by it."""

    __tablename__ = "team"
    __table_args__ = (UniqueConstraint("org_id", "skeleton"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    skeleton: Mapped[str] = mapped_column(String(400))
    roles: Mapped[list[Any]]
    external_id: Mapped[str | None] = mapped_column(String(200), index=True)
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class TeamMemberRow(Tenant, Base):
    """Somebody in a team."""

    __tablename__ = "team_member"

    team_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    person_id: Mapped[str] = mapped_column(String(40), primary_key=True, index=True)
