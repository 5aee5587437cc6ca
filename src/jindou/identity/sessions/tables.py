"""Sign-in links and sessions. Only hashes of the secrets are kept."""

from datetime import datetime
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from jindou.db import Base, Tenant

__all__ = ["SessionRow", "SignInLinkRow"]


class SignInLinkRow(Tenant, Base):
    """A link that signs one person in, once. One that breaks the glass has `minutes` for its session and a `reason`."""

    __tablename__ = "sign_in_link"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[str] = mapped_column(String(40))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    minutes: Mapped[int | None]
    reason: Mapped[str] = mapped_column(String(400), server_default="")
    created_at: Mapped[datetime | None]


class SessionRow(Tenant, Base):
    """Somebody who is signed in. `id` names the session to its owner; it opens nothing."""

    __tablename__ = "session"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[str] = mapped_column(String(40), unique=True)
    person_id: Mapped[str] = mapped_column(String(40), index=True)
    actor: Mapped[str] = mapped_column(String(80))
    method: Mapped[str] = mapped_column(String(20))
    factors: Mapped[list[Any]] = mapped_column(server_default="[]")
    must_enrol: Mapped[bool] = mapped_column(server_default="0")
    agent: Mapped[str] = mapped_column(String(200))
    place: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime]
    proved_at: Mapped[datetime]
    last_used_at: Mapped[datetime]
    expires_at: Mapped[datetime]
