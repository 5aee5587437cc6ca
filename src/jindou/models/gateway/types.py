"""What the gateway is asked and what it gives."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from jindou.errors import Cancelled
from jindou.models.engines import Usage
from jindou.models.gateway.lines import line_of

__all__ = ["Completion", "CompletionAsk", "Notice", "NoticeCode", "Stopped", "ToolCall", "ToolSchema"]

NoticeCode = Literal["declined_call", "output_cut", "repaired_call", "repeated_call", "unreadable_call"]


@dataclass(frozen=True)
class ToolSchema:
    """A tool as the model sees it; `parameters` is the JSON schema of its arguments."""

    name: str
    description: str
    parameters: Mapping[str, object]

    @cached_property
    def size(self) -> int:
        """The bytes of it all as JSON."""
        shown = {"name": self.name, "about": self.description, "of": self.parameters}
        return len(json.dumps(shown, ensure_ascii=False).encode())

    @cached_property
    def line(self) -> str:
        """It all in one line, as a small model is shown it."""
        return line_of(self.name, self.description, self.parameters)


@dataclass(frozen=True)
class CompletionAsk:
    """A conversation in the form of OpenAI's chat completions, and the tools that the model may call.

    With `answer_only` it may call none any more: it answers in words. With `must_call` it has to call one. The prompt,
    and its cached prefix, stay.
    With `full` the tools are a stranger's: the model is shown what they say about each parameter, may make up to
    `most_calls` calls at once, and a call that does not fit the request becomes an answer.
    What a call has to be worth for that is known, unless `least_chance` says another figure; with 0 every call stands.
    `follow_ups` is for models that know when to stop: once a tool has been called, they may call another on the
    strength of its result; others only if the person named something that no call has used yet.
    """

    messages: Sequence[Mapping[str, object]]
    tools: Sequence[ToolSchema] = ()
    max_tokens: int = 512
    temperature: float = 0.0
    seed: int = 0
    answer_only: bool = False
    must_call: bool = False
    follow_ups: bool = False
    full: bool = False
    most_calls: int = 1
    least_chance: float | None = None

    @cached_property
    def size(self) -> int:
        """The bytes of messages and tools as JSON. A byte is a token at most."""
        messages = json.dumps(self.messages, ensure_ascii=False)
        # Each tool in the same list, behind a comma and a space.
        return len(messages.encode()) + sum([tool.size + 2 for tool in self.tools])


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a known tool; the arguments fit its schema."""

    name: str
    arguments: dict[str, object]


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that a person should know of this completion; `detail` is one plain English sentence."""

    code: NoticeCode
    detail: str


@dataclass(frozen=True, slots=True)
class Completion:
    """An answer, or calls (then `text` is what the model said before them).

    `usage` is the sum over the `requests` made to the engine. With an `unreadable_call` notice both may be empty.
    `weighed` has the signs for each call of which it was open whether it is wanted, made or not.
    """

    text: str
    calls: tuple[ToolCall, ...]
    usage: Usage
    requests: int
    finish_reason: Literal["stop", "length", "calls"]
    notices: tuple[Notice, ...] = ()
    weighed: tuple[Mapping[str, float], ...] = ()


class Stopped(Cancelled):
    """The caller asked for the end before the completion was there."""

    code = "completion_stopped"
