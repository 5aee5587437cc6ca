"""The audit chain of each organisation."""

from datetime import datetime
from typing import Any

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from jindou.db import Base, Tenant

__all__ = ["AuditEventRow", "AuditHeadRow"]


class AuditEventRow(Tenant, Base):
    """One link of the chain."""

    __tablename__ = "audit_event"

    org_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(80))
    on_behalf_of: Mapped[str] = mapped_column(String(80))
    action: Mapped[str] = mapped_column(String(120))
    resource: Mapped[str] = mapped_column(Text)
    decision: Mapped[str] = mapped_column(String(20))
    rules: Mapped[list[Any]]
    run_id: Mapped[str] = mapped_column(String(40), index=True)
    step_id: Mapped[str] = mapped_column(String(40))
    detail: Mapped[dict[str, Any]]
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class AuditHeadRow(Tenant, Base):
    """Where a chain ends: a row that is cut off the end is missed by this one."""

    __tablename__ = "audit_head"

    org_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    seq: Mapped[int]
    hash: Mapped[str] = mapped_column(String(64))
