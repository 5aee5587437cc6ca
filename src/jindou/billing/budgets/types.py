"""What a budget is, how one is asked for, and what it says when something wants to be paid from it."""

from datetime import datetime
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from jindou.billing.pricing import Money
from jindou.errors import Limited, Unaffordable

__all__ = [
    "Bound",
    "Budget",
    "BudgetAsk",
    "BudgetChange",
    "BudgetExceeded",
    "BudgetMinute",
    "BudgetMonth",
    "LimitKind",
    "LimitState",
    "RateLimited",
    "Scope",
    "ScopeKind",
    "Tally",
]

ScopeKind = Literal["organisation", "person", "assistant", "key"]
"""Whose use a budget bounds."""

Scope = tuple[str, str, str]
"""The id of an organisation, what of it is bound (a `ScopeKind`), and the id of that."""

LimitKind = Literal["requests", "tokens", "money"]
"""What a limit counts: requests or tokens of a minute, or micro-units of a month."""

_LARGEST = 2**53 - 1


def _printable(text: str) -> str:
    text = text.strip()
    if not text.isprintable():
        raise ValueError("a name has letters that can be printed")
    return text


def _named(text: str) -> str:
    if not _printable(text):
        raise ValueError("a budget keeps a name")
    return _printable(text)


Micro = Annotated[int, Field(ge=0, le=_LARGEST, description="Micro-units of the currency.")]
Share = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
PerMinute = Annotated[int, Field(ge=0, le=_LARGEST)]


class Bound(NamedTuple):
    """Whom a budget binds: a name to show and, if it is one person, that person."""

    name: str
    person_id: str = ""


class Tally(NamedTuple):
    """What the ledger adds up to: micro-units of this month, requests and tokens of this minute."""

    spent: int = 0
    held: int = 0
    requests: int = 0
    tokens: int = 0


class BudgetAsk(BaseModel):
    """A new budget. A limit that is null does not bind; at least one has to.

    `scope_id` is the id of the person or of the key, or the slug of the assistant; for the organisation it is left
    empty. `warn_share` is the share of `monthly_micro` from which on answers carry a warning.
    """

    model_config = ConfigDict(extra="forbid")

    scope: ScopeKind
    scope_id: Annotated[str, Field(max_length=120, pattern=r"^[\x21-\x7e]*$")] = ""
    name: Annotated[str, Field(max_length=80), AfterValidator(_printable)] = Field(
        default="", description="What errors call it; empty is the name of whom it binds."
    )
    monthly_micro: Micro | None = None
    warn_share: Share | None = None
    rpm: PerMinute | None = Field(default=None, description="Requests a minute.")
    tpm: PerMinute | None = Field(default=None, description="Tokens a minute.")

    @model_validator(mode="after")
    def _bind(self) -> Self:
        if self.monthly_micro is None and self.rpm is None and self.tpm is None:
            raise ValueError("a budget limits something: monthly_micro, rpm or tpm")
        if (self.scope == "organisation") != (not self.scope_id):
            raise ValueError("scope_id names a person, an assistant or a key, and is empty for the organisation")
        return self


class BudgetChange(BaseModel):
    """What is to be different; what is left out stays, and null takes a limit away."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(max_length=80), AfterValidator(_named)] = ""
    monthly_micro: Micro | None = None
    warn_share: Share | None = None
    rpm: PerMinute | None = None
    tpm: PerMinute | None = None


class BudgetMonth(BaseModel):
    """What a budget has paid in a calendar month (UTC), and what is held for calls that are not settled.

    `left` is null where no amount is set. It is below zero if the amount was lowered under what is spent.
    """

    month: str = Field(pattern=r"^\d{4}-\d{2}$")
    spent: Money
    held: Money
    left: Money | None
    resets_at: datetime


class BudgetMinute(BaseModel):
    """What was used in a minute. Calls under way count with the tokens they may use at most."""

    requests: int
    tokens: int
    resets_at: datetime


class Budget(BaseModel):
    """How much one organisation, person, assistant or key may use, and has used in this month and minute."""

    id: str
    scope: ScopeKind
    scope_id: str
    name: str
    monthly_micro: int | None
    warn_share: float | None
    rpm: int | None
    tpm: int | None
    currency: str
    created_at: datetime
    updated_at: datetime
    month: BudgetMonth
    minute: BudgetMinute


class LimitState(NamedTuple):
    """One limit that binds a call: what is left of it once the call's worst case is taken, and when it is whole again.

    `limit` and `remaining` are requests, tokens or micro-units, as `kind` says.
    """

    kind: LimitKind
    scope: ScopeKind
    name: str
    limit: int
    remaining: int
    reset_at: datetime


class BudgetExceeded(Unaffordable):
    """The month's budget does not have what the call may cost. `state` is the limit without the call."""

    code = "budget_exceeded"

    def __init__(self, message: str, state: LimitState, needed: int) -> None:
        super().__init__(message, params=_params(state, needed))
        self.state = state
        self.needed = needed


class RateLimited(Limited):
    """The minute has no room for what the call needs. `state` is the limit without the call."""

    code = "rate_limited"

    def __init__(self, message: str, state: LimitState, needed: int, *, retry_after: float) -> None:
        super().__init__(message, retry_after=retry_after)
        self.params |= _params(state, needed)
        self.state = state
        self.needed = needed


def _params(state: LimitState, needed: int) -> dict[str, object]:
    return {
        "kind": state.kind,
        "scope": state.scope,
        "name": state.name,
        "limit": state.limit,
        "remaining": state.remaining,
        "needed": needed,
        "reset_at": state.reset_at.isoformat(),
    }
