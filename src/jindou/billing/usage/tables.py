"""The ledger, and the attempts that lead to its rows."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from jindou.db import Base, Tenant

__all__ = ["MeterAttemptRow", "MeterEventRow"]


class MeterEventRow(Tenant, Base):
    """One model call or one tool call. A step has one row for each attempt that used something, never two.

    A call through the gateway is no step of a run: its `run_id` is empty, and `step_id` is its attempt's id.
    """

    __tablename__ = "meter_event"
    __table_args__ = (UniqueConstraint("step_id", "attempt"), Index("ix_meter_event_at", "at"))

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    at: Mapped[datetime]
    sku: Mapped[str] = mapped_column(String(120))
    person_id: Mapped[str] = mapped_column(String(40))
    key_id: Mapped[str] = mapped_column(String(40), server_default="")
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


class MeterAttemptRow(Tenant, Base):
    """A call that was about to be made, written before it: `open`, then once and for all `settled` or `void`.

    `unknown` is one whose process or engine died before it said what it had used: its worst case stays held until
    the figures come.
    """

    __tablename__ = "meter_attempt"
    __table_args__ = (Index("ix_meter_attempt_status", "status"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    at: Mapped[datetime]
    status: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(String(200))
    closed_at: Mapped[datetime | None]
    sku: Mapped[str] = mapped_column(String(120))
    person_id: Mapped[str] = mapped_column(String(40))
    key_id: Mapped[str] = mapped_column(String(40))
    input_tokens: Mapped[int]
    output_tokens: Mapped[int]
    worst_micro: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
