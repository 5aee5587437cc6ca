"""Budgets of a month and limits of a minute, for an organisation, a person, an assistant or a key."""

from jindou.billing.budgets.service import Budgets
from jindou.billing.budgets.sheet import Payer, Sheet
from jindou.billing.budgets.types import (
    Bound,
    Budget,
    BudgetAsk,
    BudgetChange,
    BudgetExceeded,
    LimitState,
    RateLimited,
    Tally,
)
from jindou.billing.budgets.window import Window

__all__ = [
    "Bound",
    "Budget",
    "BudgetAsk",
    "BudgetChange",
    "BudgetExceeded",
    "Budgets",
    "LimitState",
    "Payer",
    "RateLimited",
    "Sheet",
    "Tally",
    "Window",
]
