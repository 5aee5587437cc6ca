"""What the headers of an answer say of the limits and budgets that bind it, as each API calls it."""

from datetime import UTC
from typing import Final

from jindou.billing.budgets import LimitState
from jindou.models.completions import Begun
from jindou.models.embeddings import Made

__all__ = ["anthropic_limit_headers", "headers_of", "openai_limit_headers", "warning_headers"]

_LIMIT_NAMES: Final = {
    kind: (f"x-ratelimit-limit-{kind}", f"x-ratelimit-remaining-{kind}", f"x-ratelimit-reset-{kind}")
    for kind in ("requests", "tokens", "money")
}


def headers_of(begun: Begun | Made) -> dict[str, str]:
    """Return the request's id, what is left of the tightest limits, and what is warned of, as OpenAI has it."""
    headers = {"x-request-id": begun.id} | openai_limit_headers(begun.limits, begun.created.timestamp())
    return headers | warning_headers(begun.warnings) if begun.warnings else headers


def openai_limit_headers(limits: tuple[LimitState, ...], now: float) -> dict[str, str]:
    """Return OpenAI's headers for what is left of the tightest limits; `now` is in seconds since 1970."""
    headers: dict[str, str] = {}
    for kind, _, _, limit, remaining, reset_at in limits:
        of_limit, of_remaining, of_reset = _LIMIT_NAMES[kind]
        headers[of_limit] = str(limit)
        headers[of_remaining] = str(remaining)
        headers[of_reset] = f"{max(0.0, reset_at.timestamp() - now):.0f}s"
    return headers


def anthropic_limit_headers(limits: tuple[LimitState, ...], now: float) -> dict[str, str]:
    """Return Anthropic's headers for what is left of the tightest limits, which have none for money."""
    del now  # They say when a limit is whole again, not how long that is.
    headers: dict[str, str] = {}
    for limit in limits:
        stem = f"anthropic-ratelimit-{limit.kind}"
        if limit.kind != "money" and f"{stem}-limit" not in headers:
            reset = limit.reset_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            headers |= {f"{stem}-limit": str(limit.limit), f"{stem}-remaining": str(limit.remaining)}
            headers[f"{stem}-reset"] = reset
    return headers


def warning_headers(warnings: tuple[LimitState, ...]) -> dict[str, str]:
    """Return the budgets of which the warned share is gone, if there is one, as a list that RFC 9651 reads.

    They are named by whom they bind, with the share that is used or held: ``person;used=0.84, key;used=0.91``.
    """
    told = ", ".join(f"{budget.scope};used={_used(budget):.2f}" for budget in warnings)
    return {"x-jindou-budget-warning": told} if told else {}


def _used(budget: LimitState) -> float:
    return 1 - budget.remaining / budget.limit if budget.limit else 1.0
