"""Budgets: what an organisation, a person, an assistant or a key may use."""

from collections.abc import Sequence
from typing import Unpack

from jindou_client.budget_types import BudgetLimits
from jindou_client.transport import Transport
from jindou_client.types import Budget, BudgetScope

__all__ = ["Budgets"]


class Budgets:
    """The budgets that one may see: all of them for those who manage them, else those that bind oneself."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self) -> Sequence[Budget]:
        """Return the budgets, with what is spent, held and left."""
        return self._transport.get(list[Budget], "/api/budgets")

    def create(
        self, scope: BudgetScope, scope_id: str = "", *, name: str = "", **limits: Unpack[BudgetLimits]
    ) -> Budget:
        """Set a budget for somebody who has none. `scope_id` is left empty for the organisation.

        Raises:
            Forbidden: only managers do.
            NotFound: there is no such person, assistant or key.
            Conflict: there is one already.
        """
        asked = {"scope": scope, "scope_id": scope_id, "name": name, **limits}
        return self._transport.post(Budget, "/api/budgets", asked)

    def get(self, budget_id: str) -> Budget:
        """Return one budget."""
        return self._transport.get(Budget, f"/api/budgets/{budget_id}")

    def update(self, budget_id: str, *, name: str | None = None, **limits: Unpack[BudgetLimits]) -> Budget:
        """Change what is given of a budget; None takes a limit away. It binds the next call.

        Raises:
            Forbidden: only managers do.
        """
        changed = dict(limits) if name is None else {"name": name, **limits}
        return self._transport.patch(Budget, f"/api/budgets/{budget_id}", changed)

    def delete(self, budget_id: str) -> None:
        """Take a budget away.

        Raises:
            Forbidden: only managers do.
        """
        self._transport.delete(f"/api/budgets/{budget_id}")
