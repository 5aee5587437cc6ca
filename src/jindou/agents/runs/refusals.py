"""Why a run can't go on, as a rule that a person reads: a budget's no, or that its person was deactivated."""

from typing import Any

from jindou.billing.budgets import BudgetExceeded, LimitState, RateLimited
from jindou.billing.pricing import Money
from jindou.identity.policy import Rule

__all__ = ["INACTIVE", "budget_rule", "is_hopeless"]

INACTIVE = Rule(
    id="jindou.person-inactive",
    reason={
        "en": "The person this run worked for was deactivated. Nothing is done for them any more.",
        "zh": "发起本次运行的人员已被停用，系统不再替其执行任何操作。",
    },
).model_dump()
"""Why a run ends whose person was deactivated."""

_SCOPES = {
    "organisation": ("organisation", "组织"),
    "person": ("person", "员工"),
    "assistant": ("assistant", "助手"),
    "key": ("key", "密钥"),
}
_KINDS = {"requests": ("requests", "次请求"), "tokens": ("tokens", "个词元")}


def is_hopeless(error: RateLimited) -> bool:
    """Say whether no minute will ever have room for what was refused."""
    return error.needed > error.state.limit


def budget_rule(error: BudgetExceeded | RateLimited, currency: str) -> dict[str, Any]:
    """Return why a run can't go on, in English and Chinese."""
    scope_en, scope_zh = _SCOPES[error.state.scope]
    said = _of_money(error.state, error.needed, currency) if error.state.kind == "money" else _of_minute(error)
    reason = {
        "en": f"The {scope_en} {error.state.name} {said[0]}",
        "zh": f"{scope_zh}“{error.state.name}”{said[1]}",
    }
    return Rule(id=f"jindou.{error.code.replace('_', '-')}", reason=reason).model_dump()


def _of_money(state: LimitState, needed: int, currency: str) -> tuple[str, str]:
    left, most = Money(micro=state.remaining, currency=currency), Money(micro=needed, currency=currency)
    anew = f"{state.reset_at:%Y-%m-%d}"
    return (
        f"has {left} left of this month's budget; the next step may cost {most}. It starts anew on {anew} (UTC).",
        f"本月预算还剩 {left}，而下一步最多需要 {most}。预算将于 {anew}（UTC）重新开始。",
    )


def _of_minute(error: BudgetExceeded | RateLimited) -> tuple[str, str]:
    kind_en, kind_zh = _KINDS[error.state.kind]
    return (
        f"may use {error.state.limit:,} {kind_en} a minute, and the next step may need {error.needed:,}.",
        f"每分钟最多使用 {error.state.limit:,} {kind_zh}，而下一步最多需要 {error.needed:,}。",
    )
