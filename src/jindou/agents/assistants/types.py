"""An assistant: instructions, tools, examples."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["ApprovalLevel", "Assistant", "Example", "Limits"]

ApprovalLevel = Literal["always", "risky", "rules"]
"""When an assistant asks, whatever the rules say besides: before every change, before it moves money, or not by itself.

What only reads is never asked about.
"""


class Example(BaseModel):
    """A request that shows a person of a role what to ask."""

    model_config = ConfigDict(extra="forbid")

    role: str
    text: dict[str, str]


class Limits(BaseModel, frozen=True, extra="forbid"):
    """How far one run may go: `steps` in all, and `effects`, calls that changed something.

    Once it has had its effects, the assistant can only answer. A small model is kept from doing more than it was
    asked. A run ends that has used its `tokens`, its money or its `seconds` at work, and so does one of whose model
    or tool calls takes longer than it may. None leaves it to the installation's settings; the smaller of both holds.
    """

    steps: int | None = Field(default=None, ge=1)
    effects: int | None = Field(default=None, ge=1)
    tokens: int | None = Field(default=None, ge=1)
    cost_micro: int | None = Field(default=None, ge=1)
    seconds: int | None = Field(default=None, ge=1)
    model_seconds: int | None = Field(default=None, ge=1)
    tool_seconds: int | None = Field(default=None, ge=1)


class Assistant(BaseModel):
    """An assistant, as its folder defines it. `version` is the sha256 of everything in it that changes what it does."""

    slug: str
    pack: str
    title: dict[str, str]
    description: dict[str, str]
    tools: list[str]
    examples: list[Example]
    limits: Limits
    approvals: ApprovalLevel = "rules"
    instructions: str
    version: str
