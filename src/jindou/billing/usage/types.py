"""The bill: what was used, by whom, at which price."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from jindou.billing.pricing import Money

__all__ = ["Attempt", "MeterEvent", "Quantities", "Statement", "StatementLine"]


class Quantities(BaseModel):
    """How much of each unit one event used. Tokens of the prompt that came from the cache are not in `input_tokens`."""

    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    calls: int = 0


class MeterEvent(BaseModel):
    """One row of the ledger: one model call or one tool call.

    A call through the gateway has a `key_id`, and neither run nor assistant.
    """

    id: str
    at: datetime
    sku: str
    person_id: str
    key_id: str
    assistant: str
    run_id: str
    step_id: str
    quantities: Quantities
    cost: Money


class Attempt(BaseModel):
    """A call through the gateway that has no ledger row yet: under way, or `unknown` since something died.

    Its cost is `worst` at most, which is held until the figures come.
    """

    id: str
    at: datetime
    status: Literal["open", "unknown"]
    reason: str
    sku: str
    person_id: str
    key_id: str
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
    by_day: list[StatementLine]
    latest: list[MeterEvent]
    held: Money
    unsettled: list[Attempt]
