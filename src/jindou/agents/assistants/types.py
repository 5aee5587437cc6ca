"""An assistant: instructions, tools, examples."""

from pydantic import BaseModel, ConfigDict

__all__ = ["Assistant", "Example"]


class Example(BaseModel):
    """A request that shows a person of a role what to ask."""

    model_config = ConfigDict(extra="forbid")

    role: str
    text: dict[str, str]


class Assistant(BaseModel):
    """An assistant, as its folder defines it. `version` is the sha256 of everything in it that changes what it does."""

    slug: str
    pack: str
    title: dict[str, str]
    description: dict[str, str]
    tools: list[str]
    examples: list[Example]
    instructions: str
    version: str
