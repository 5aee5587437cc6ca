"""What a decision says."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

__all__ = ["Decision", "Rule", "Verb"]

Verb = Literal["allow", "ask", "deny"]


class Rule(BaseModel):
    """A rule that decided, with its reason in each language an employee may read."""

    model_config = ConfigDict(frozen=True)

    id: str
    reason: dict[str, str]


class Decision(BaseModel):
    """`allow`; `ask` (somebody with the right may approve exactly this call); or `deny`. `rules` says why not."""

    model_config = ConfigDict(frozen=True)

    verb: Verb
    rules: tuple[Rule, ...] = ()
