"""Tasks that wait for a worker."""

from datetime import datetime

from sqlalchemy import Index, SmallInteger, String, and_, literal_column, text
from sqlalchemy.orm import Mapped, mapped_column

from jindou.db import Base

__all__ = ["IS_LOST", "IS_SUSPECT", "SUSPECT", "TaskRow"]

SUSPECT = 2
"""Workers that have died at a task without progress, from which on it may be what kills them."""


def _index(name: str, *columns: str, sqlite: str, postgresql: str = "") -> Index:
    """Return an index of some rows; each database proves its own words only.

    It is the migrations that say them to a database. SQLAlchemy's own arguments for them would have every process load
    the dialects of both.
    """
    return Index(name, *columns, info={"where": (sqlite, postgresql or sqlite)})


class TaskRow(Base):
    """A task: something of `kind` has to be done about `subject`.

    One row for a subject, however often it is asked for: `wakes` counts the asks, so that one which comes while a
    worker is at it is not lost. The table spans organisations because workers do; `org_id` and `person_id` say whose
    turn it takes. `version` is what a worker must know to do it. Since the task last made progress, `attempts` counts
    the leases that were given back, and `lost` those in a row that ended without a word, because the worker did.

    `ready` is whether it may be taken, so that what waits for its time, or is held, costs those nothing who look for
    work; the lease and `available_at` are the truth.
    """

    __tablename__ = "task"
    __table_args__ = (
        _index(
            "ix_task_turn", "priority", "org_id", "person_id", "available_at", sqlite="ready = 1", postgresql="ready"
        ),
        _index("ix_task_waiting", "available_at", sqlite="ready = 0", postgresql="NOT ready"),
        _index("ix_task_lease_until", "lease_until", sqlite="lease_until IS NOT NULL"),
        _index("ix_task_lost", "available_at", sqlite="lost >= 1"),
        _index("ix_task_held", "org_id", sqlite="lease_until IS NOT NULL"),
    )

    kind: Mapped[str] = mapped_column(String(40), primary_key=True)
    subject: Mapped[str] = mapped_column(String(80), primary_key=True)
    org_id: Mapped[str] = mapped_column(String(40))
    person_id: Mapped[str] = mapped_column(String(40), server_default="")
    priority: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    version: Mapped[int] = mapped_column(server_default="1")
    ready: Mapped[bool] = mapped_column(server_default=text("true"))
    available_at: Mapped[datetime]
    wakes: Mapped[int] = mapped_column(default=1)
    attempts: Mapped[int] = mapped_column(default=0)
    lost: Mapped[int] = mapped_column(server_default="0")
    lease_id: Mapped[str | None] = mapped_column(String(40))
    lease_until: Mapped[datetime | None]


IS_LOST = TaskRow.lost >= literal_column("1")
"""Written out, so that the databases see that an index is of just these."""

IS_SUSPECT = and_(IS_LOST, TaskRow.lost >= SUSPECT)
