"""Budgets of a month and limits of a minute, for an organisation, a person, an assistant or a key."""

from jindou.billing.budgets.service import Budgets
from jindou.billing.budgets.types import (
    Budget,
    BudgetAsk,
    BudgetChange,
    BudgetExceeded,
    LimitState,
    RateLimited,
    ScopeKind,
)

__all__ = [
    "Budget",
    "BudgetAsk",
    "BudgetChange",
    "BudgetExceeded",
    "Budgets",
    "LimitState",
    "RateLimited",
    "ScopeKind",
]
