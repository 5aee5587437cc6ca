"""Where each organisation is told. The secrets are in the vault."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from jindou.db import Base, Tenant

__all__ = ["WebhookRow"]


class WebhookRow(Tenant, Base):
    """The webhook of an organisation, and how telling it went: `failing_since` is null while that goes well."""

    __tablename__ = "webhook"

    org_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    url: Mapped[str] = mapped_column(String(1000))
    changed_by_name: Mapped[str] = mapped_column(String(200))
    changed_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]
    failing_since: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(String(300), default="", server_default="")
