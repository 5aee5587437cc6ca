"""Budgets: what managers allow. Whether a call has room in them is judged in `admission`."""

from jindou.billing.budgets.types import Budget, BudgetAsk, BudgetChange
from jindou.db import Work
from jindou.identity.principals import Principal

__all__ = ["Budgets"]


class Budgets:
    """The budgets of an organisation."""

    def create(self, work: Work, who: Principal, ask: BudgetAsk) -> Budget:
        """Set a budget for somebody who has none; what they have used this month counts.

        Raises:
            Forbidden: only managers do.
            NotFound: there is no such person, assistant or key.
            BudgetExists: there is one; change that.
        """

    def list_budgets(self, work: Work, who: Principal) -> list[Budget]:
        """Return every budget for those who manage them, else those that bind `who`."""

    def get(self, work: Work, who: Principal, budget_id: str) -> Budget:
        """Return a budget.

        Raises:
            NotFound: there is none that `who` may see.
        """

    def update(self, work: Work, who: Principal, budget_id: str, change: BudgetChange) -> Budget:
        """Change a budget; it binds the next call.

        Raises:
            NotFound: there is none that `who` may see.
            Forbidden: only managers do.
            Invalid: nothing would be limited any more.
        """

    def delete(self, work: Work, who: Principal, budget_id: str) -> None:
        """Take a budget away.

        Raises:
            NotFound, Forbidden: as `update` says.
        """
