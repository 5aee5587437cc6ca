"""Tasks that wait for a worker."""

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from jindou.db import Base

__all__ = ["TaskRow"]


class TaskRow(Base):
    """A task: something of `kind` has to be done about `subject`.

    One row for a subject, however often it is asked for: `wakes` counts the asks, so that one which comes while a
    worker is at it is not lost. The table spans organisations because workers do; `org_id` says whose it is.
    """

    __tablename__ = "task"
    __table_args__ = (Index("ix_task_available_at", "available_at"),)

    kind: Mapped[str] = mapped_column(String(40), primary_key=True)
    subject: Mapped[str] = mapped_column(String(80), primary_key=True)
    org_id: Mapped[str] = mapped_column(String(40))
    available_at: Mapped[datetime]
    wakes: Mapped[int] = mapped_column(default=1)
    attempts: Mapped[int] = mapped_column(default=0)
    lease_id: Mapped[str | None] = mapped_column(String(40))
    lease_until: Mapped[datetime | None]
