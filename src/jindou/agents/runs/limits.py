"""How far one run may go, how far it has gone, and which rule ends it there."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal

from jindou.agents.assistants import Limits
from jindou.agents.runs.tables import RunRow, StepRow
from jindou.agents.runs.types import LimitUse
from jindou.billing.pricing import Money
from jindou.errors import Cancelled
from jindou.identity.policy import Rule

__all__ = ["LimitPassed", "both", "passed", "room", "start_work", "stop_work", "uses", "worked_ms"]

Limit = Literal["steps", "tokens", "cost", "seconds", "model_seconds", "tool_seconds", "context"]
_Kind = Literal["steps", "tokens", "cost", "seconds"]

_WORDS: Mapping[Limit, tuple[str, str]] = {
    "steps": (
        "One run may take {most} steps at most, and this one has taken {used}. Ask for less at once.",
        "一次运行最多 {most} 步，本次已用 {used} 步。请把任务拆小后再试。",
    ),
    "tokens": (
        "One run may use {most} tokens at most, and this one has used {used}.",
        "一次运行最多使用 {most} 个词元，本次已用 {used} 个。",
    ),
    "cost": (
        "One run may cost {most} at most, and this one has cost {used}.",
        "一次运行最多花费 {most}，本次已花费 {used}。",
    ),
    "seconds": (
        "One run may be at work for {most} seconds at most, without its waits; this one has been for {used}.",
        "一次运行最多工作 {most} 秒（不含等待），本次已工作 {used} 秒。",
    ),
    "model_seconds": (
        "One answer of the model may take {most} seconds at most, and this one was not there after {used}.",
        "模型的一次回答最多 {most} 秒，本次已过 {used} 秒仍未完成。",
    ),
    "tool_seconds": (
        "One call of a tool may take {most} seconds at most, and this one had not ended after {used}.",
        "一次工具调用最多 {most} 秒，本次已过 {used} 秒仍未结束。",
    ),
    "context": (
        "The model can read {most} tokens, and this has {used}. Begin a new conversation, or ask for less at once.",
        "模型最多能读 {most} 个词元，而内容有 {used} 个。请新建对话，或减少一次请求的内容。",
    ),
}


_COUNTED = frozenset({"model", "tool", "compaction"})
"""The kinds of step that count; what a person says does not."""


class LimitPassed(Cancelled):
    """What is under way has reached a limit; `rule` names it to the person."""

    code = "limit_passed"

    def __init__(self, limit: Limit, used: int, most: int, currency: str = "") -> None:
        self.rule = _rule(limit, used, most, currency)
        super().__init__(str(self.rule["reason"]["en"]))
        self.error = f"{limit}_exhausted"


@lru_cache
def both(one: Limits, other: Limits) -> Limits:
    """Return the smaller of each limit, of the installation's and the assistant's."""
    return Limits.model_validate({name: _smaller(most, vars(other)[name]) for name, most in one})


def _smaller(one: int | None, other: int | None) -> int | None:
    return min((most for most in (one, other) if most is not None), default=None)


def passed(limits: Limits, run: RunRow, steps: Sequence[StepRow], now: datetime) -> LimitPassed | None:
    """Return the limit that leaves no room for another step, if there is one."""
    for kind, used, most in _used(limits, run, steps, now):
        if most is not None and used >= most:
            return LimitPassed(kind, used, most, run.currency)
    return None


def uses(limits: Limits, run: RunRow, steps: Sequence[StepRow], now: datetime) -> list[LimitUse]:
    """Return how much of each limit a run has used."""
    return [LimitUse(kind=kind, used=used, most=most) for kind, used, most in _used(limits, run, steps, now)]


def _used(
    limits: Limits, run: RunRow, steps: Sequence[StepRow], now: datetime
) -> Iterator[tuple[_Kind, int, int | None]]:
    yield "steps", _taken(steps), limits.steps
    yield "tokens", run.tokens, limits.tokens
    yield "cost", run.cost_micro, limits.cost_micro
    yield "seconds", worked_ms(run, now) // 1000, limits.seconds


def room(limits: Limits, steps: Sequence[StepRow]) -> int:
    """Return how many further steps a run may take."""
    return sys.maxsize if limits.steps is None else max(0, limits.steps - _taken(steps))


def _taken(steps: Sequence[StepRow]) -> int:
    return len([1 for step in steps if step.status != "superseded" and step.kind in _COUNTED])


def _rule(limit: Limit, used: int, most: int, currency: str) -> dict[str, Any]:
    """Return why a run has to end, in English and Chinese."""
    told = {"used": _shown(limit, used, currency), "most": _shown(limit, most, currency)}
    en, zh = (words.format(**told) for words in _WORDS[limit])
    return Rule(id=f"jindou.run-{limit.replace('_', '-')}", reason={"en": en, "zh": zh}).model_dump()


def worked_ms(run: RunRow, now: datetime) -> int:
    """Return how long a run has been at work, without its waits."""
    since = run.running_since
    return run.worked_ms + (max(0, int((now - since).total_seconds() * 1000)) if since else 0)


def start_work(run: RunRow, now: datetime) -> None:
    """Write that a run is at work from now on. What a killed server had of it is not known, and not counted."""
    run.status = "running"
    run.running_since = now


def stop_work(run: RunRow, status: str, now: datetime) -> None:
    """Write that a run is at work no more."""
    run.worked_ms = worked_ms(run, now)
    run.running_since = None
    run.status = status


def _shown(limit: Limit, amount: int, currency: str) -> str:
    return str(Money(micro=amount, currency=currency)) if limit == "cost" else f"{amount:,}"
