"""Usage as the server sends it: money, quantities, the bill."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

__all__ = [
    "Attempt",
    "DailySeries",
    "DailyUse",
    "MeterEvent",
    "Money",
    "Quantities",
    "Statement",
    "StatementLine",
    "UseGroup",
]

UseGroup = Literal["model", "person", "key", "assistant"]
"""What the use of each day is told by. A `model` is the name that was asked for."""

_MICRO = 1_000_000


class Money(BaseModel):
    """An amount in integer micro-units of an ISO 4217 currency: 25.50 CNY is ``micro=25_500_000``."""

    model_config = ConfigDict(frozen=True)

    micro: int
    currency: str

    def __str__(self) -> str:  # pyright: ignore[reportImplicitOverride] - Python 3.11 has no `override`
        whole, rest = divmod(abs(self.micro), _MICRO)
        decimals = f"{rest:06d}".rstrip("0").ljust(2, "0")
        return f"{'-' if self.micro < 0 else ''}{whole}.{decimals} {self.currency}"


class Quantities(BaseModel):
    """How much of each unit was used.

    Nothing is counted twice: `input_tokens` are without those that came from the cache, `output_tokens` without those
    of reasoning.
    """

    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    calls: int = 0


class MeterEvent(BaseModel):
    """One row of the ledger: one model call or one tool call."""

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
    """A call of a model without a ledger row yet; it costs `worst` at most, which is held."""

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
    """What a period cost. Each grouping sums to `total`; `latest` holds the newest events first."""

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
    """What one of a group used on each day of a `DailyUse`: micro-units and tokens."""

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
