"""Readings of conversations, and the switch of each organisation."""

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from jindou.db import Base, Tenant

__all__ = ["ReadingPolicyRow", "ReadingRow"]


class ReadingRow(Tenant, Base):
    """That `reader` read a conversation of `person` once."""

    __tablename__ = "reading"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(String(40))
    assistant: Mapped[str] = mapped_column(String(120))
    person_id: Mapped[str] = mapped_column(String(40), index=True)
    person_name: Mapped[str] = mapped_column(String(200))
    reader_id: Mapped[str] = mapped_column(String(40))
    reader_name: Mapped[str] = mapped_column(String(200))
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


class ReadingPolicyRow(Tenant, Base):
    """Whether conversations are open to administrators; without a row they are not."""

    __tablename__ = "reading_policy"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    is_open: Mapped[bool]
    changed_at: Mapped[datetime]
    changed_by_name: Mapped[str] = mapped_column(String(200))
