"""What an engine is asked, what it yields, and what it is: the protocol that every engine speaks."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

__all__ = [
    "Chunk",
    "Engine",
    "EngineConfig",
    "EngineHealth",
    "EngineRequest",
    "EngineState",
    "FinalChunk",
    "TextChunk",
    "Usage",
]

EngineState = Literal["stopped", "starting", "ready", "restarting"]


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """One model on one engine. `threads` of 0 means every core; `slots` requests run side by side.

    Each slot has `context_tokens` of its own. What the engine says goes to the file `log_path`. It reads `batch` tokens
    of a prompt at a time; 0 leaves that to the engine.
    """

    model_name: str
    model_path: Path
    context_tokens: int
    threads: int
    log_path: Path
    slots: int = 2
    batch: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineRequest:
    """One completion. `messages` and `tools` have the form of OpenAI's chat completions.

    `json_schema` makes the whole output one JSON value of that schema. It does not change the prompt, so the cached
    prefix stays good. `sampling` has what else OpenAI's clients may ask for: `top_p`, `presence_penalty`,
    `frequency_penalty`.
    """

    messages: Sequence[Mapping[str, object]]
    tools: Sequence[Mapping[str, object]] = ()
    max_tokens: int = 512
    temperature: float = 0.0
    seed: int = 0
    stop: tuple[str, ...] = ()
    json_schema: Mapping[str, object] | None = None
    sampling: Mapping[str, float] = field(default_factory=dict[str, float])


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one completion. `prompt` counts the whole prompt, of which `cached` were not computed again."""

    prompt: int = 0
    cached: int = 0
    completion: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(self.prompt + other.prompt, self.cached + other.cached, self.completion + other.completion)


@dataclass(frozen=True, slots=True)
class TextChunk:
    """The next piece of the output as the model wrote it, calls included. May be empty: a sign of life."""

    text: str


@dataclass(frozen=True, slots=True)
class FinalChunk:
    """The end: `length` when the output was cut at `max_tokens` or at the end of the context."""

    finish_reason: Literal["stop", "length"]
    usage: Usage


Chunk = TextChunk | FinalChunk
"""A stream is any number of `TextChunk` and then one `FinalChunk`."""


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
