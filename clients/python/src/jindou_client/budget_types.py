"""Budgets as the server sends them."""

from datetime import datetime
from typing import Literal, TypedDict

from pydantic import BaseModel

from jindou_client.usage_types import Money

__all__ = ["Budget", "BudgetLimits", "BudgetMinute", "BudgetMonth", "BudgetScope"]

BudgetScope = Literal["organisation", "person", "assistant", "key"]
"""Whose use a budget bounds."""


class BudgetLimits(TypedDict, total=False):
    """What a budget limits: micro-units a month, the share of them that is warned of, requests and tokens a minute."""

    monthly_micro: int | None
    warn_share: float | None
    rpm: int | None
    tpm: int | None


class BudgetMonth(BaseModel):
    """What a budget has paid in a calendar month (UTC), what is held for calls under way, and what is left."""

    month: str
    spent: Money
    held: Money
    left: Money | None
    resets_at: datetime


class BudgetMinute(BaseModel):
    """What was used in a minute. Calls under way count with the tokens they may use at most."""

    requests: int
    tokens: int
    resets_at: datetime


class Budget(BaseModel):
    """How much one organisation, person, assistant or key may use, and has used in this month and minute."""

    id: str
    scope: BudgetScope
    scope_id: str
    name: str
    monthly_micro: int | None
    warn_share: float | None
    rpm: int | None
    tpm: int | None
    currency: str
    created_at: datetime
    updated_at: datetime
    month: BudgetMonth
    minute: BudgetMinute
