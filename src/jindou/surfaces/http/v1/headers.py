"""What the headers of an answer say of the budgets that pay for it."""

from jindou.billing.budgets import LimitState
from jindou.models.completions import Begun
from jindou.models.embeddings import Made
from jindou.surfaces.http.v1.call import limit_headers

__all__ = ["headers_of", "warning_headers"]


def headers_of(begun: Begun | Made) -> dict[str, str]:
    """Return the request's id, what is left of the tightest limits, and what is warned of."""
    headers = limit_headers(begun.limits, begun.id, now=begun.created.timestamp())
    return headers | warning_headers(begun.warnings) if begun.warnings else headers


def warning_headers(warnings: tuple[LimitState, ...]) -> dict[str, str]:
    """Return the budgets of which the warned share is gone, if there is one, as a list that RFC 9651 reads.

    They are named by whom they bind, with the share that is used or held: ``person;used=0.84, key;used=0.91``.
    """
    told = ", ".join(f"{budget.scope};used={_used(budget):.2f}" for budget in warnings)
    return {"x-jindou-budget-warning": told} if told else {}


def _used(budget: LimitState) -> float:
    return 1 - budget.remaining / budget.limit if budget.limit else 1.0
