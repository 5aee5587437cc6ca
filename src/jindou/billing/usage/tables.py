"""The ledger."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from jindou.db import Base, Tenant

__all__ = ["MeterEventRow"]


class MeterEventRow(Tenant, Base):
    """One model call or one tool call. A step has one row for each attempt that used something, never two."""

    __tablename__ = "meter_event"
    __table_args__ = (UniqueConstraint("step_id", "attempt"), Index("ix_meter_event_at", "at"))

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    at: Mapped[datetime]
    sku: Mapped[str] = mapped_column(String(120))
    person_id: Mapped[str] = mapped_column(String(40))
    assistant: Mapped[str] = mapped_column(String(120))
    run_id: Mapped[str] = mapped_column(String(40), index=True)
    step_id: Mapped[str] = mapped_column(String(40))
    attempt: Mapped[int]
    input_tokens: Mapped[int]
    cached_tokens: Mapped[int]
    output_tokens: Mapped[int]
    calls: Mapped[int]
    cost_micro: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
