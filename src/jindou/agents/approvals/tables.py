"""Calls that wait, or waited, for a person."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from jindou.db import Base, Tenant

__all__ = ["ApprovalRow", "DelegationRow", "LinkRow"]


class ApprovalRow(Tenant, Base):
    """One call, with everything somebody needs to decide about it.

    `votes` are the people who approved, of whom `needed` must be; `turn` counts the decisions, so that of two at once
    the second finds that it is late. `arguments` are those that hold; `asked_arguments` those that were asked for.
    """

    __tablename__ = "approval"
    __table_args__ = (
        Index("ix_approval_asked", "org_id", "requested_by", "id"),
        Index("ix_approval_kinds", "org_id", "status", "assistant", "tool"),
        Index("ix_approval_newest", "org_id", "id"),
        Index("ix_approval_newest_of_status", "org_id", "status", "id"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    run_id: Mapped[str] = mapped_column(String(40), index=True)
    step_id: Mapped[str] = mapped_column(String(40), unique=True)
    assistant: Mapped[str] = mapped_column(String(120))
    tool: Mapped[str] = mapped_column(String(120))
    tool_title: Mapped[dict[str, Any]]
    risk: Mapped[str] = mapped_column(String(20))
    arguments: Mapped[dict[str, Any]]
    arguments_hash: Mapped[str] = mapped_column(String(64))
    facts: Mapped[dict[str, Any]]
    changes: Mapped[list[Any]]
    rules: Mapped[list[Any]]
    cost_micro: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    requested_by: Mapped[str] = mapped_column(String(40))
    requested_by_name: Mapped[str] = mapped_column(String(200))
    message: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(20), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    decided_by: Mapped[str | None] = mapped_column(String(40))
    decided_by_name: Mapped[str | None] = mapped_column(String(200))
    decided_at: Mapped[datetime | None]
    decided_for_name: Mapped[str | None] = mapped_column(String(200))
    reason: Mapped[str] = mapped_column(Text, default="")
    turn: Mapped[int] = mapped_column(default=0, server_default="0")
    needed: Mapped[int] = mapped_column(default=1, server_default="1")
    votes: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    origins: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    estimate_micro: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    asked_arguments: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    edited_by_name: Mapped[str | None] = mapped_column(String(200))


class DelegationRow(Tenant, Base):
    """A right to decide that somebody handed to somebody else for a time; null: whatever assistant, whatever tool."""

    __tablename__ = "approval_delegation"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    from_id: Mapped[str] = mapped_column(String(40), index=True)
    to_id: Mapped[str] = mapped_column(String(40), index=True)
    assistant: Mapped[str | None] = mapped_column(String(120))
    tool: Mapped[str | None] = mapped_column(String(120))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class LinkRow(Tenant, Base):
    """A link with which a person decides once. Its secret is its signature, which is kept nowhere."""

    __tablename__ = "approval_link"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    approval_id: Mapped[str] = mapped_column(String(40), index=True)
    person_id: Mapped[str] = mapped_column(String(40))
    used_at: Mapped[datetime | None]
