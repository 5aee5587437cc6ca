"""What a table has whose rows anybody makes."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from jindou.db import Tenant

__all__ = ["Unproven"]


class Unproven(Tenant):
    """A table whose rows anybody makes. `source` is whose they are, or empty for whatever comes from this machine."""

    source: Mapped[str] = mapped_column(String(64), index=True, server_default="")
    expires_at: Mapped[datetime] = mapped_column(index=True)
