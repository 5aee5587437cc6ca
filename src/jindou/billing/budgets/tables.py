"""Budgets, and what was counted against them. The counters equal the ledger: see `Budgets.repair`."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from jindou.billing.budgets.types import ScopeKind
from jindou.db import Base, Tenant

__all__ = ["BudgetMinuteRow", "BudgetMonthRow", "BudgetRow"]


class BudgetRow(Tenant, Base):
    """What one scope may use. On PostgreSQL its lock is that of its counters."""

    __tablename__ = "budget"
    __table_args__ = (UniqueConstraint("org_id", "scope", "scope_id"), Index("ix_budget_scope_id", "scope_id"))

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    scope: Mapped[ScopeKind] = mapped_column(String(20))
    scope_id: Mapped[str] = mapped_column(String(120))
    name: Mapped[str] = mapped_column(String(200))
    monthly_micro: Mapped[int | None] = mapped_column(BigInteger)
    warn_share: Mapped[float | None]
    rpm: Mapped[int | None] = mapped_column(BigInteger)
    tpm: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class BudgetMonthRow(Tenant, Base):
    """What a budget has paid in a month, such as ``2026-03``, and what is held for calls that are not settled."""

    __tablename__ = "budget_month"

    budget_id: Mapped[str] = mapped_column(ForeignKey("budget.id", ondelete="CASCADE"), primary_key=True)
    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    spent_micro: Mapped[int] = mapped_column(BigInteger)
    held_micro: Mapped[int] = mapped_column(BigInteger)


class BudgetMinuteRow(Tenant, Base):
    """What was used in the newest minute in which anything was; `minute` counts from 1970."""

    __tablename__ = "budget_minute"

    budget_id: Mapped[str] = mapped_column(ForeignKey("budget.id", ondelete="CASCADE"), primary_key=True)
    minute: Mapped[int] = mapped_column(BigInteger)
    requests: Mapped[int] = mapped_column(BigInteger)
    tokens: Mapped[int] = mapped_column(BigInteger)
