"""What was decided about calls in the last days, as the rules saw it."""

from datetime import datetime
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from jindou.db import Base, Tenant

__all__ = ["PolicyDecisionRow"]


class PolicyDecisionRow(Tenant, Base):
    """A decision with all that rules may look at, and nothing else: no arguments, no results, no secrets."""

    __tablename__ = "policy_decision"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    person_id: Mapped[str] = mapped_column(String(40))
    roles: Mapped[list[Any]]
    assistant: Mapped[str] = mapped_column(String(80))
    grants: Mapped[list[Any]]
    action: Mapped[str] = mapped_column(String(120))
    context: Mapped[dict[str, Any]]
