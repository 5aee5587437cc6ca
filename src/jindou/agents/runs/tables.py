"""The journal: runs, their steps, their events. Plain columns and JSON, for an administrator's SQL to read."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, String, Text, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from jindou.db import Base, Tenant

__all__ = ["RunEventRow", "RunRow", "StepRow"]

_OPEN = "finished_at IS NULL"


class RunRow(Tenant, Base):
    """One request of a person. What it does next is a fold over its steps: see `fold`.

    `worked_ms` is how long it was at work, without its waits; to that comes the time since `running_since`.
    """

    __tablename__ = "run"
    __table_args__ = (
        Index("ix_run_conversation_id", "conversation_id"),
        Index("ix_run_person_id", "person_id"),
        Index("ix_run_open", "id", info={"where": (_OPEN, _OPEN)}),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(String(40))
    assistant: Mapped[str] = mapped_column(String(120))
    assistant_version: Mapped[str] = mapped_column(String(64))
    person_id: Mapped[str] = mapped_column(String(40))
    person_name: Mapped[str] = mapped_column(String(200))
    message: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(20))
    answer: Mapped[str | None] = mapped_column(Text)
    error: Mapped[str | None] = mapped_column(Text)
    rules: Mapped[list[Any]]
    steps: Mapped[int] = mapped_column(default=0)
    tokens: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    cost_micro: Mapped[int] = mapped_column(BigInteger, default=0)
    currency: Mapped[str] = mapped_column(String(3))
    worked_ms: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    running_since: Mapped[datetime | None]
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    pause_requested: Mapped[bool] = mapped_column(default=False, server_default=false())
    branched_from: Mapped[str | None] = mapped_column(String(40))
    branched_step: Mapped[int | None]
    last_event: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    undoes: Mapped[str | None] = mapped_column(String(40), index=True)
    """The run whose effects this one puts back."""


class StepRow(Tenant, Base):
    """A model call, a tool call, a message of a person or a compaction, written before it begins and when it ends.

    `request` of a tool step is ``{"call": id, "arguments": {…}}``, of a message ``{"by": name}``. `response` of a model
    step is ``{"text", "calls", "finish_reason"}``, of a message ``{"text"}``, of a tool step ``{"result": {…}}`` or
    ``{"error": "…"}``, with ``"took_effect"`` (``yes``, ``no``, ``unknown``) where the run did not wait for its end.
    A model step has there too, as its ``prompt``, what the engine counted. A compaction has the notes that the model
    reads from then on, ``{"text", "facts", "stands_for"}``; its `request` is what they stand for: ``runs`` by id, the
    steps of its own run up to number ``step``, and earlier ``notes`` by step.
    `copied_from` is the step of another run whose facts a branch took over; what that cost, that run has paid.
    """

    __tablename__ = "run_step"
    __table_args__ = (UniqueConstraint("run_id", "n"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    run_id: Mapped[str] = mapped_column(String(40))
    n: Mapped[int]
    kind: Mapped[str] = mapped_column(String(10))
    name: Mapped[str] = mapped_column(String(120))
    title: Mapped[dict[str, Any]]
    attempt: Mapped[int] = mapped_column(default=1)
    status: Mapped[str] = mapped_column(String(20))
    request: Mapped[dict[str, Any]]
    response: Mapped[dict[str, Any]]
    rules: Mapped[list[Any]]
    approval_id: Mapped[str | None] = mapped_column(String(40))
    input_tokens: Mapped[int] = mapped_column(default=0)
    cached_tokens: Mapped[int] = mapped_column(default=0)
    output_tokens: Mapped[int] = mapped_column(default=0)
    reasoning_tokens: Mapped[int] = mapped_column(default=0, server_default="0")
    calls: Mapped[int] = mapped_column(default=0)
    cost_micro: Mapped[int] = mapped_column(BigInteger, default=0)
    currency: Mapped[str] = mapped_column(String(3))
    copied_from: Mapped[str | None] = mapped_column(String(40))
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class RunEventRow(Tenant, Base):
    """One event of a run's stream, numbered from 1 within the run."""

    __tablename__ = "run_event"

    run_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    type: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime]
    data: Mapped[dict[str, Any]]
