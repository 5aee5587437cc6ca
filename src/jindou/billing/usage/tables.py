"""The ledger, and the attempts that lead to its rows."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from jindou.db import Base, Tenant

__all__ = ["MeterAttemptRow", "MeterEventRow"]

_NOT_CLOSED = "closed_at IS NULL"


class MeterEventRow(Tenant, Base):
    """One model call or one tool call. A step has one row for each attempt that used something, never two.

    A call through the gateway is no step of a run: its `run_id` is empty, and `step_id` is its attempt's id. `at` is
    when it was settled; `month` is the budget month that pays it, in which it was begun.
    """

    __tablename__ = "meter_event"
    __table_args__ = (
        UniqueConstraint("step_id", "attempt"),
        Index("ix_meter_event_when", "org_id", "at"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    org_id: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime]
    sku: Mapped[str] = mapped_column(String(120))
    person_id: Mapped[str] = mapped_column(String(40))
    key_id: Mapped[str] = mapped_column(String(40), server_default="")
    assistant: Mapped[str] = mapped_column(String(120))
    run_id: Mapped[str] = mapped_column(String(40))
    step_id: Mapped[str] = mapped_column(String(40))
    attempt: Mapped[int]
    deployment: Mapped[str] = mapped_column(String(120), server_default="")
    engine: Mapped[str] = mapped_column(String(120), server_default="")
    month: Mapped[str] = mapped_column(String(7))
    input_tokens: Mapped[int]
    cached_tokens: Mapped[int]
    output_tokens: Mapped[int]
    reasoning_tokens: Mapped[int] = mapped_column(server_default="0")
    calls: Mapped[int]
    cost_micro: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))


class MeterAttemptRow(Tenant, Base):
    """A call that was about to be made, written before it: `open`, then once and for all `settled` or `void`.

    `unknown` is one whose process or engine died before it said what it had used: its worst case stays held until
    the figures come. `sku` is the dearest that may answer, and then the one that did; `tokens` is what counts against
    limits: at first the worst case, in the end what was used. `owner` is the process that has it under way; one of a
    run has none, for its run's lease says who does.
    """

    __tablename__ = "meter_attempt"
    __table_args__ = (
        # Those that are not closed are few: whoever looks for them says that they are not.
        Index("ix_meter_attempt_open", "id", info={"where": (_NOT_CLOSED, _NOT_CLOSED)}),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    org_id: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime]
    status: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(String(200))
    closed_at: Mapped[datetime | None]
    owner: Mapped[str] = mapped_column(String(80), server_default="")
    sku: Mapped[str] = mapped_column(String(120))
    person_id: Mapped[str] = mapped_column(String(40))
    key_id: Mapped[str] = mapped_column(String(40))
    assistant: Mapped[str] = mapped_column(String(120), server_default="")
    run_id: Mapped[str] = mapped_column(String(40), server_default="")
    step_id: Mapped[str] = mapped_column(String(40), server_default="")
    attempt: Mapped[int] = mapped_column(server_default="1")
    deployment: Mapped[str] = mapped_column(String(120), server_default="")
    engine: Mapped[str] = mapped_column(String(120), server_default="")
    month: Mapped[str] = mapped_column(String(7))
    input_tokens: Mapped[int]
    output_tokens: Mapped[int]
    tokens: Mapped[int] = mapped_column(BigInteger, server_default="0")
    worst_micro: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
