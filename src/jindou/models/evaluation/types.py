"""Requests in plain language with the calls they should lead to, and how a model did."""

from typing import Any

from pydantic import BaseModel, ConfigDict

__all__ = ["Case", "ExpectedCall", "Outcome", "Report"]


class ExpectedCall(BaseModel):
    """A call; the argument ``"*"`` stands for any text that is not empty."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    arguments: dict[str, Any]


class Case(BaseModel):
    """A request and the one call it should lead to; None when it should be answered in words."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    language: str
    request: str
    call: ExpectedCall | None


class Outcome(BaseModel):
    """What a model did with a case."""

    case: Case
    passed: bool
    calls: list[ExpectedCall]
    text: str
    notices: list[str]
    seconds: float


class Report(BaseModel):
    """How a model did with a set of cases."""

    model: str
    outcomes: list[Outcome]

    @property
    def rate(self) -> float:
        """The share of cases passed; 1 when there are none."""
        return sum(outcome.passed for outcome in self.outcomes) / len(self.outcomes) if self.outcomes else 1.0

    @property
    def failing(self) -> list[Outcome]:
        """The cases not passed."""
        return [outcome for outcome in self.outcomes if not outcome.passed]
