"""What an engine is asked, what it yields, and what it is: the protocol that every engine speaks."""

import hashlib
import json
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Final, Literal, Protocol

from jindou.models.upstreams import Endpoint

__all__ = [
    "CallChunk",
    "Chunk",
    "Engine",
    "EngineConfig",
    "EngineHealth",
    "EngineRequest",
    "EngineState",
    "FinalChunk",
    "ReasoningChunk",
    "TextChunk",
    "Usage",
    "WaitingChunk",
]

_MOST_TOKENS: Final = 1 << 40

EngineState = Literal["stopped", "starting", "ready", "restarting", "unreachable"]
_SYSTEM = ("system", "developer")


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """One model on one engine. `threads` of 0 means every core; `slots` requests run side by side.

    Each slot has `context_tokens` of its own. What the engine says goes to the file `log_path`. What it has read can
    be kept in the folder `slots_path`, at most `slots_bytes` of it, from one start to the next. A model that runs
    elsewhere has an `endpoint` in place of a file; one that another process of this installation looks after is
    `announced` in a file. It reads `batch` tokens of a prompt at a time; 0 leaves that to the engine. With
    `native_tools` the engine's own answers have the model's tool calls.
    """

    model_name: str
    model_path: Path
    context_tokens: int
    threads: int
    log_path: Path
    slots: int = 2
    slots_path: Path | None = None
    slots_bytes: int = 2 << 30
    endpoint: Endpoint | None = None
    announced: Path | None = None
    batch: int = 0
    native_tools: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineRequest:
    """One completion. `messages` and `tools` have the form of OpenAI's chat completions.

    `json_schema` makes the whole output one JSON value of that schema. It does not change the prompt, so the cached
    prefix stays good. `sampling` has what else OpenAI's clients may ask for: `top_p`, `presence_penalty`,
    `frequency_penalty`. `tool_choice` is ``auto``, ``none``, ``required`` or ``=name``; engines without native calls
    can't hold the model to it. `shared` is how many of the messages other conversations begin with as well, if that is
    known: an engine may keep on disk what it has read of them.
    """

    messages: Sequence[Mapping[str, object]]
    tools: Sequence[Mapping[str, object]] = ()
    tool_choice: str = "auto"
    max_tokens: int = 512
    temperature: float = 0.0
    seed: int = 0
    stop: tuple[str, ...] = ()
    json_schema: Mapping[str, object] | None = None
    sampling: Mapping[str, float] = field(default_factory=dict[str, float])
    shared: int = 0
    top_logprobs: int = 0

    @property
    def prefix(self) -> int:
        """A number for what the conversation begins with: its system messages and tools. 0 if it has neither."""
        system = [*takewhile(lambda message: message.get("role") in _SYSTEM, self.messages)]
        if not system and not self.tools:
            return 0
        text = json.dumps([[message.get("content") for message in system], list(self.tools)], default=str)
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=7).digest()) or 1


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one completion.

    `prompt` counts the whole prompt, of which `cached` were not computed again; `completion` the whole output, of which
    `reasoning` were thoughts.
    """

    prompt: int = 0
    cached: int = 0
    completion: int = 0
    reasoning: int = 0

    @property
    def is_possible(self) -> bool:
        """Whether one request can have used that; an engine may tell whatever it likes."""
        return all(
            0 <= tokens <= _MOST_TOKENS for tokens in (self.prompt, self.cached, self.completion, self.reasoning)
        )

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.prompt + other.prompt,
            self.cached + other.cached,
            self.completion + other.completion,
            self.reasoning + other.reasoning,
        )


@dataclass(frozen=True, slots=True)
class TextChunk:
    """The next piece of the output as the model wrote it. May be empty: a sign of life.

    Of an engine without native calls that includes the calls, in the model's own words. `tokens`, if they were asked
    for, has for each token the text and the logarithm of its chance, then the same of the likeliest that could have
    stood there. The chances are the model's own: they know of no schema and no temperature.
    """

    text: str
    tokens: tuple[tuple[tuple[str, float], ...], ...] = ()


@dataclass(frozen=True, slots=True)
class WaitingChunk(TextChunk):
    """A sign of life before the request is sent: whoever leaves now owes nothing."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class ReasoningChunk:
    """The next piece of what the model thinks before it answers; never empty."""

    text: str


@dataclass(frozen=True, slots=True)
class CallChunk:
    """A piece of a native call: the call number `at`, from 0. The first has its `id` and `name`, later ones have none.

    The `arguments` of all its pieces together are JSON text.
    """

    at: int
    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class FinalChunk:
    """The end: `length` when the output was cut at `max_tokens` or at the end of the context.

    Where a deployment has several engines, `engine` and `sku` say which one answered.
    """

    finish_reason: Literal["stop", "length", "calls"]
    usage: Usage
    engine: str = ""
    sku: str = ""


Chunk = TextChunk | ReasoningChunk | CallChunk | FinalChunk
"""A stream is any number of other chunks and then one `FinalChunk`."""


@dataclass(frozen=True, slots=True)
class EngineHealth:
    """How an engine is. `pid`, `port` and `rss_bytes` are None when it has no process of its own, or none now."""

    state: EngineState
    model: str
    pid: int | None = None
    port: int | None = None
    rss_bytes: int | None = None
    restarts: int = 0


class Engine(Protocol):
    """A model at work. Every method may be called from any thread."""

    def start(self) -> None:
        """Return when the engine answers requests; does nothing when it already does.

        Raises:
            EngineUnavailable: it does not come up.
        """
        ...

    def stop(self) -> None:
        """End the engine and what it has running; does nothing when it is stopped."""
        ...

    def health(self) -> EngineHealth:
        """Return how the engine is, at once."""
        ...

    def stream(self, request: EngineRequest) -> Generator[Chunk, None, None]:
        """Yield the output as it is made, and at least one chunk a second, also while the prompt is read.

        Closing the generator ends the work at the engine.

        Raises:
            EngineUnavailable: it is not ready and did not become so in time.
            EngineDied: it ended in the middle; another try may help.
            ContextOverflow: the prompt does not fit the context.
            EngineRefused: it can't do what was asked.
        """
        ...
