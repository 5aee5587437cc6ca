"""Deployments. Where an engine is stands in its member; no key does."""

from datetime import datetime
from typing import Any

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from jindou.db import Base, Tenant

__all__ = ["DeploymentRow"]


class DeploymentRow(Tenant, Base):
    """A public model name of one organisation, and its members as `Member` writes them."""

    __tablename__ = "deployment"
    __table_args__ = (UniqueConstraint("org_id", "name"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    context_tokens: Mapped[int]
    members: Mapped[list[Any]]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
