"""The versions of organisations' own rules, and which of them is in force."""

from datetime import datetime
from typing import Any

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from jindou.db import Base, Tenant

__all__ = ["PolicyHeadRow", "PolicyVersionRow"]


class PolicyVersionRow(Tenant, Base):
    """One version, as it was proposed: never changed. `files` are texts by name; `digest` is their SHA-256."""

    __tablename__ = "policy_version"

    org_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    author_id: Mapped[str] = mapped_column(String(40))
    created_at: Mapped[datetime]
    note: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64))
    files: Mapped[dict[str, Any]]


class PolicyHeadRow(Tenant, Base):
    """What is in force. 0 is no rules of one's own; `changes` counts how often another version was put in force."""

    __tablename__ = "policy_head"

    org_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    active: Mapped[int]
    previous: Mapped[int]
    changes: Mapped[int]
    changed_by: Mapped[str] = mapped_column(String(40))
    changed_at: Mapped[datetime]
