"""The leaderboard's cases put to a model: through the harness, and to the llama.cpp server by itself."""

import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bfcl import BfclCase
from raw_server import RawServer
from recorded import Recorded
from typing_extensions import override

from jindou.models.engines import Chunk, Engine, EngineHealth, EngineRequest
from jindou.models.gateway import Completion, CompletionAsk, ToolSchema, complete
from jindou.models.gateway.parsing import read
from jindou.models.upstreams import ContextOverflow, EngineRefused

__all__ = ["MAX_TOKENS", "Calls", "ask_of", "harnessed", "raw"]

MAX_TOKENS = 384
_MOST_CALLS = 8

Calls = list[tuple[str, Mapping[str, Any]]]


def ask_of(case: BfclCase) -> CompletionAsk:
    """Return what a client that puts `case` to /v1 has the harness do."""
    tools = [ToolSchema(f["name"], f["description"], f["parameters"]) for f in (t["function"] for t in case.tools)]
    return CompletionAsk(case.messages, tools, MAX_TOKENS, follow_ups=True, full=True, most_calls=_MOST_CALLS)


def harnessed(engine: Engine, case: BfclCase) -> Calls:
    """Return the calls that the harness makes of `case`. Which words it would say in their place is left out."""
    ask = ask_of(case)
    if not ask.tools:
        return []
    try:
        completion: Completion = complete(_UntilWords(engine, ask), ask)
    except (_Words, EngineRefused, ContextOverflow):
        return []
    return [(call.name, call.arguments) for call in completion.calls]


def raw(server: RawServer, recorded: Recorded, case: BfclCase) -> tuple[Calls, Calls]:
    """Return the calls of the server by itself, and those that can be read in its text, or are its own."""
    body: dict[str, object] = {
        "messages": list(case.messages),
        "tools": list(case.tools),
        "temperature": 0,
        "seed": 0,
        "max_tokens": MAX_TOKENS,
    }
    answer = recorded.answer(body, lambda: server.chat(body))
    message: dict[str, Any] = answer["message"]
    functions: list[dict[str, Any]] = [call["function"] for call in message.get("tool_calls") or ()]
    made: Calls = [(function["name"], _arguments(function["arguments"])) for function in functions]
    read_from = read(str(message.get("content") or ""), complete=answer["finish_reason"] != "length")
    return made, made or [(call.name, call.arguments) for call in read_from.calls]


def _arguments(text: str) -> dict[str, Any]:
    try:
        return dict(json.loads(text))
    except (TypeError, ValueError):
        return {}


class _Words(Exception):
    """The harness wants words; they need not be made to know that it makes no call."""


@dataclass
class _UntilWords(Engine):
    """An engine that is not asked for what can only be words."""

    engine: Engine
    ask: CompletionAsk
    requests: list[EngineRequest] = field(default_factory=list[EngineRequest])

    @override
    def start(self) -> None:
        self.engine.start()

    @override
    def stop(self) -> None:
        self.engine.stop()

    @override
    def health(self) -> EngineHealth:
        return self.engine.health()

    @override
    def stream(self, request: EngineRequest) -> Generator[Chunk, None, None]:
        shape = json.dumps(request.json_schema)
        if not any(json.dumps({"const": tool.name})[1:-1] in shape for tool in self.ask.tools):
            raise _Words
        self.requests.append(request)
        return self.engine.stream(request)
