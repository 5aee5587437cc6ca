"""Budgets: what binds oneself, for everybody; for those who manage them all of them, set and changed by plain forms."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, ValidationError

from jindou.billing.budgets import Budget, BudgetAsk, BudgetChange
from jindou.db import Work
from jindou.errors import Conflict, Invalid, NotFound
from jindou.identity.principals import Principal
from jindou.surfaces.amounts import micro_of, share_of
from jindou.surfaces.console.pages import page
from jindou.surfaces.door import platform_of, reading, signed_in, writing

__all__ = ["router"]

router = APIRouter()


class BudgetForm(BaseModel):
    """What somebody typed. An empty limit does not bind; a share is typed in percent."""

    model_config = ConfigDict(extra="ignore")

    whom: str = ""
    key_id: str = ""
    name: str = ""
    monthly: str = ""
    warn: str = ""
    rpm: str = ""
    tpm: str = ""

    def limits(self) -> dict[str, object]:
        """Return the limits in the units of a budget.

        Raises:
            Invalid: one of them is no number.
        """
        return {
            "monthly_micro": micro_of(self.monthly, "monthly") if self.monthly.strip() else None,
            "warn_share": share_of(f"{self.warn.strip().removesuffix('%')}%", "warn") if self.warn.strip() else None,
            "rpm": self.rpm.replace(",", "").strip() or None,
            "tpm": self.tpm.replace(",", "").strip() or None,
        }

    def scope(self) -> tuple[str, str]:
        """Return whom the form means, as a kind and an id."""
        kind, _, id_ = self.whom.partition(":")
        return kind, self.key_id.strip() if kind == "key" else id_


Typed = Annotated[BudgetForm, Form()]


@dataclass(frozen=True, slots=True)
class _Trouble:
    """What stands in the way of a form, with what was typed there; `of` is the budget that was to be changed."""

    code: str
    status: int
    form: BudgetForm = field(default_factory=BudgetForm)
    of: str = ""


@router.get("/budgets")
def list_budgets(request: Request) -> Response:
    """Show the budgets that one may see."""
    return _show(request)


@router.post("/budgets")
def create(request: Request, typed: Typed) -> Response:
    """Set a budget; what stands in the way is said beside the form."""

    def create_(work: Work, who: Principal) -> None:
        scope, scope_id = typed.scope()
        named = {"scope": scope, "scope_id": scope_id, "name": typed.name}
        platform_of(request).budgets.create(work, who, BudgetAsk.model_validate(named | typed.limits()))

    return _carried_out(request, create_, typed)


@router.post("/budgets/{budget_id}")
def update(request: Request, budget_id: str, typed: Typed) -> Response:
    """Change every limit of a budget to what the form says."""

    def update_(work: Work, who: Principal) -> None:
        named: Mapping[str, object] = {"name": typed.name} if typed.name.strip() else {}
        change = BudgetChange.model_validate({**named, **typed.limits()})
        platform_of(request).budgets.update(work, who, budget_id, change)

    return _carried_out(request, update_, typed, budget_id)


@router.post("/budgets/{budget_id}/deletion")
def delete(request: Request, budget_id: str) -> Response:
    """Take a budget away."""
    who = signed_in(request)
    with writing(request) as work:
        platform_of(request).budgets.delete(work, who, budget_id)
    return RedirectResponse("/budgets", status_code=303)


def _carried_out(
    request: Request, do: Callable[[Work, Principal], None], typed: BudgetForm, budget_id: str = ""
) -> Response:
    who = signed_in(request)
    try:
        with writing(request) as work:
            do(work, who)
    except (Invalid, ValidationError) as error:
        bound = isinstance(error, Invalid) and error.field == "monthly_micro"
        return _show(request, _Trouble("unbound" if bound else "unreadable", 422, typed, budget_id))
    except NotFound:
        if budget_id:
            raise
        return _show(request, _Trouble("nobody", 404, typed))
    except Conflict:
        return _show(request, _Trouble("exists", 409, typed))
    return RedirectResponse("/budgets", status_code=303)


def _show(request: Request, trouble: _Trouble | None = None) -> Response:
    who = signed_in(request)
    services = platform_of(request)
    with reading(request) as work:
        budgets = services.budgets.list_budgets(work, who)
        people = services.principals.list_people(work)
        waiting = services.approvals.count_waiting(work, who)
    return page(
        request,
        "budgets.html",
        who=who,
        waiting=waiting,
        status=trouble.status if trouble else 200,
        section="budgets",
        budgets=sorted(budgets, key=_order),
        state_of=_state,
        manages=services.budgets.may_manage(who),
        people=people,
        assistants=services.assistants.list_assistants(),
        bound={(budget.scope, budget.scope_id) for budget in budgets},
        currency=services.usage.currency,
        trouble=trouble,
        typed=trouble.form if trouble and not trouble.of else BudgetForm(),
    )


def _order(budget: Budget) -> tuple[int, str]:
    return ("organisation", "person", "assistant", "key").index(budget.scope), budget.name


def _state(budget: Budget) -> str:
    """Say how a budget's month is: ``over``, ``warned``, ``fine``, or ``unbound`` where only minutes are limited."""
    if budget.monthly_micro is None:
        return "unbound"
    used = budget.month.spent.micro + budget.month.held.micro
    if used >= budget.monthly_micro:
        return "over"
    return "warned" if budget.warn_share is not None and used >= budget.warn_share * budget.monthly_micro else "fine"
