"""Assistants, and how far their runs may go."""

from typing import Literal

from pydantic import BaseModel

__all__ = ["Assistant", "Example", "Limits"]


class Example(BaseModel):
    """A request that shows a person of a role what to ask."""

    role: str
    text: dict[str, str]


class Limits(BaseModel):
    """How far one run may go: `steps` in all, `effects` that changed something, tokens, money and time."""

    steps: int | None = None
    effects: int | None = None
    tokens: int | None = None
    cost_micro: int | None = None
    seconds: int | None = None
    model_seconds: int | None = None
    tool_seconds: int | None = None


class Assistant(BaseModel):
    """An assistant: what it is called, what it is for, and the tools it was given."""

    slug: str
    pack: str
    title: dict[str, str]
    description: dict[str, str]
    tools: list[str]
    examples: list[Example]
    instructions: str
    limits: Limits
    approvals: Literal["always", "risky", "rules"] = "rules"
    version: str
