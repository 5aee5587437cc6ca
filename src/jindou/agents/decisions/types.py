"""A call that nobody has made, and what would be decided about it."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from jindou.identity.policy import Rule, Verb

__all__ = ["Answer", "PersonRights", "Proposal", "Source", "ToolCondition", "ToolRight"]

_TEXT = r"^[^\x00]*$"

Source = Literal["person", "record", "tool", "model"]


class Proposal(BaseModel):
    """A call to ask about. `principal` is the handle or the id of a person; without it, it is one's own.

    `provenance` says where each argument comes from. Of one that it leaves out, `task` tells: what stands in the words
    of the person is theirs, and the rest is the model's.
    """

    model_config = ConfigDict(extra="forbid")

    principal: str | None = Field(default=None, max_length=80, pattern=_TEXT)
    assistant: str = Field(max_length=120, pattern=_TEXT)
    tool: str = Field(max_length=120, pattern=_TEXT)
    arguments: dict[str, object] = {}
    provenance: dict[str, Source] = {}
    task: str = Field(default="", max_length=20_000, pattern=_TEXT)


class Answer(BaseModel):
    """What would be decided. `reason` says it in the asker's language; `rules` in each.

    Where the verb is ``ask``, `approvers` different people must approve, and `deciders` are those who may. `problem`
    is what is wrong with the arguments, told to those alone who may make the call.
    """

    principal: str
    assistant: str
    tool: str
    verb: Verb
    rules: list[Rule]
    reason: str
    approvers: int = 0
    deciders: list[str] = []
    origins: dict[str, str]
    problem: str = ""


class ToolCondition(BaseModel):
    """A rule that some calls of a tool meet, by their facts or by where their arguments come from, and what follows."""

    verb: Verb
    rule: Rule


class ToolRight(BaseModel):
    """What one person may do with one tool of an assistant.

    `verb` is what is decided while none of the `conditions` is met, and `rules` say why.
    """

    assistant: str
    tool: str
    title: dict[str, str]
    verb: Verb
    rules: list[Rule]
    conditions: list[ToolCondition]


class PersonRights(BaseModel):
    """What a person may do through assistants."""

    person_id: str
    handle: str
    name: str
    roles: list[str]
    tools: list[ToolRight]
