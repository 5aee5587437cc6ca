"""The bill: what was used, by whom, at which price."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, Field

from jindou.billing.budgets import LimitState
from jindou.billing.pricing import Money

__all__ = [
    "Admission",
    "Attempt",
    "DailySeries",
    "DailyUse",
    "MeterEvent",
    "Opening",
    "Quantities",
    "Reconciliation",
    "Scope",
    "Statement",
    "StatementLine",
    "UseGroup",
]

UseGroup = Literal["model", "person", "key", "assistant"]
"""What the use of each day is told by. A `model` is the name that was asked for, or the item where no name was."""

_Count = Annotated[int, Field(ge=0)]

Scope = tuple[str, str, str]
"""The id of an organisation, what of it is meant (``person`` …), and the id of that."""


@dataclass(slots=True)
class Quantities:
    """How much of each unit one event used.

    Nothing is counted twice: `input_tokens` are without those that came from the cache, `output_tokens` without those
    of reasoning.
    """

    input_tokens: _Count = 0
    cached_tokens: _Count = 0
    output_tokens: _Count = 0
    reasoning_tokens: _Count = 0
    calls: _Count = 0

    @classmethod
    def told(cls, prompt: int, cached: int, completion: int, reasoning: int = 0) -> "Quantities":
        """Return an engine's own figures, in which the prompt holds the cached tokens, and the completion its thoughts.

        What can't be, such as more cached tokens than there are, counts as the dearer unit.
        """
        if not (0 <= cached <= prompt and 0 <= reasoning <= completion):
            prompt, completion = max(0, prompt), max(0, completion)
            cached, reasoning = max(0, min(cached, prompt)), max(0, min(reasoning, completion))
        return cls(prompt - cached, cached, completion - reasoning, reasoning)

    def plain(self) -> dict[str, int]:
        """Return the units by name."""
        return {
            "input_tokens": self.input_tokens,
            "cached_tokens": self.cached_tokens,
            "output_tokens": self.output_tokens,
            "reasoning_tokens": self.reasoning_tokens,
            "calls": self.calls,
        }

    @property
    def tokens(self) -> int:
        """Every token, for limits that count tokens."""
        return self.input_tokens + self.cached_tokens + self.output_tokens + self.reasoning_tokens


class Opening(NamedTuple):
    """A call that is about to be made, and what it uses at most.

    It is held at the dearest of `skus`, which are those of every engine that it may fall back to. A call through the
    gateway has a `key_id`; one of a run has `assistant`, `run_id`, `step_id` and the `attempt` of that step.
    """

    org_id: str
    person_id: str
    skus: tuple[str, ...]
    worst: Quantities
    key_id: str = ""
    assistant: str = ""
    run_id: str = ""
    step_id: str = ""
    attempt: int = 1
    deployment: str = ""
    engine: str = ""


class Admission(NamedTuple):
    """A call that may be made: it is written down, and its worst case is held.

    `limits` are those that bind it, the tightest of each kind; `warnings` are the budgets of which the warned
    share is gone.
    """

    attempt_id: str
    limits: tuple[LimitState, ...] = ()
    warnings: tuple[LimitState, ...] = ()


class Reconciliation(BaseModel):
    """What an unknown attempt used after all, from the engine's or the provider's own figures."""

    quantities: Quantities
    sku: str | None = Field(default=None, max_length=120, description="The SKU that answered; null is the one held.")
    reason: str = Field(min_length=1, max_length=200, description="Where the figures come from.")


class MeterEvent(BaseModel):
    """One row of the ledger: one model call or one tool call.

    A call through the gateway has a `key_id` and no run. `engine` is what answered, of those behind `deployment`.
    """

    id: str
    at: datetime
    sku: str
    person_id: str
    key_id: str
    assistant: str
    run_id: str
    step_id: str
    deployment: str = ""
    engine: str = ""
    quantities: Quantities
    cost: Money


class Attempt(BaseModel):
    """A call of a model that has no ledger row yet: under way, or `unknown` since something died.

    Its cost is `worst` at most, which is held until the figures come.
    """

    id: str
    at: datetime
    status: Literal["open", "unknown"]
    reason: str
    sku: str
    person_id: str
    key_id: str
    assistant: str = ""
    run_id: str = ""
    step_id: str = ""
    deployment: str = ""
    engine: str = ""
    worst: Money


class StatementLine(BaseModel):
    """One row of a statement: everything of one `key`."""

    key: str
    label: str
    events: int
    quantities: Quantities
    cost: Money


class Statement(BaseModel):
    """What a period cost. Each grouping sums to `total`; `latest` holds the newest events first.

    `unsettled` is what is held beside it, whenever it was begun; `held` is the sum of its worst cases.
    """

    since: datetime
    until: datetime
    total: Money
    events: int
    by_sku: list[StatementLine]
    by_person: list[StatementLine]
    by_assistant: list[StatementLine]
    by_key: list[StatementLine] = []
    by_day: list[StatementLine]
    latest: list[MeterEvent]
    held: Money
    unsettled: list[Attempt]


class DailySeries(BaseModel):
    """What one of a group used on each day of a `DailyUse`: micro-units and tokens.

    `key` is empty for calls that have none, and ``other`` for all that are not among the dearest.
    """

    key: str
    label: str
    cost_micro: list[int]
    tokens: list[int]


class DailyUse(BaseModel):
    """What each day cost, by group, the dearest first; days are those of UTC, and each series has one value a day."""

    group: UseGroup
    currency: str
    days: list[date]
    series: list[DailySeries]
