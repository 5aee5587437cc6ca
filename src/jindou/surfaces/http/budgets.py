"""`/api/budgets`: what an organisation, a person, an assistant or a key may use."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from jindou.billing.budgets import Budget, BudgetAsk, BudgetChange
from jindou.identity.principals import Principal
from jindou.surfaces.door import platform_of, reading, signed_in, writing

__all__ = ["router"]

router = APIRouter(prefix="/api/budgets", tags=["budgets"])
Who = Annotated[Principal, Depends(signed_in)]


@router.post("", status_code=201)
def create(request: Request, who: Who, asked: BudgetAsk) -> Budget:
    """Set a budget for somebody who has none; what they have used this month counts."""
    with writing(request) as work:
        return platform_of(request).budgets.create(work, who, asked)


@router.get("")
def list_budgets(request: Request, who: Who) -> list[Budget]:
    """Return every budget for those who manage them, else those that bind oneself."""
    with reading(request) as work:
        return platform_of(request).budgets.list_budgets(work, who)


@router.get("/{budget_id}")
def get(request: Request, who: Who, budget_id: str) -> Budget:
    """Return one budget."""
    with reading(request) as work:
        return platform_of(request).budgets.get(work, who, budget_id)


@router.patch("/{budget_id}")
def update(request: Request, who: Who, budget_id: str, change: BudgetChange) -> Budget:
    """Change what is given of a budget; null takes a limit away. It binds the next call."""
    with writing(request) as work:
        return platform_of(request).budgets.update(work, who, budget_id, change)


@router.delete("/{budget_id}", status_code=204)
def delete(request: Request, who: Who, budget_id: str) -> None:
    """Take a budget away."""
    with writing(request) as work:
        platform_of(request).budgets.delete(work, who, budget_id)
