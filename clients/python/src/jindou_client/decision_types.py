"""What the server sends of decisions that were only asked about, typed."""

from typing import Literal

from pydantic import BaseModel

from jindou_client.approval_types import Rule

__all__ = ["Answer", "PersonRights", "Source", "ToolCondition", "ToolRight", "Verb"]

Verb = Literal["allow", "ask", "deny"]

Source = Literal["person", "record", "tool", "model"]


class Answer(BaseModel):
    """What would be decided about a call, and why.

    Where the verb is ``ask``, `approvers` different people must approve, and `deciders` are those who may. `problem`
    is what is wrong with the arguments.
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
    """What one person may do with one tool. `verb` is what is decided while none of the `conditions` is met."""

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
