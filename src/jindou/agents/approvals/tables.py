"""Calls that wait, or waited, for a person."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from jindou.db import Base, Tenant

__all__ = ["ApprovalRow"]


class ApprovalRow(Tenant, Base):
    """One call, with everything somebody needs to decide about it."""

    __tablename__ = "approval"

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
    reason: Mapped[str] = mapped_column(Text, default="")
