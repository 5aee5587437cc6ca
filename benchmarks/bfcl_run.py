"""The leaderboard's cases put to a model: what it writes by itself, and what the harness makes of that.

The harness's first request is what the llama.cpp server would make of the same messages and tools: the model's own
template, and nothing that holds it to anything. So one answer serves all three: `raw` are the calls in it which that
server takes for calls, `lenient` all that can be read as such, and the harness goes on from there.
"""

import json
import re
from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from bfcl import BfclCase
from typing_extensions import override

from jindou.models.engines import Chunk, Engine, EngineHealth, EngineRequest, FinalChunk, TextChunk, Usage
from jindou.models.gateway import CompletionAsk, ToolSchema, complete
from jindou.models.gateway.parsing import read
from jindou.models.upstreams import ContextOverflow, EngineRefused

__all__ = ["MAX_TOKENS", "Calls", "Outcome", "ask_of", "put", "raw_body"]

MAX_TOKENS = 384
_MOST_CALLS = 8
_WORDS = '[{"name": "say", "arguments": {"text": "No."}}]'
_TAGGED = re.compile(r"<tool_call>\s*(\{.*?\})\s*</tool_call>", re.DOTALL)

Calls = list[tuple[str, Mapping[str, Any]]]


@dataclass
class Outcome:
    """The calls of a case in each way, and the signs of the call that the harness weighed first, if it weighed any."""

    calls: dict[str, Calls]
    signs: Mapping[str, float]


def ask_of(case: BfclCase, *, stand: bool = False) -> CompletionAsk:
    """Return what a client that puts `case` to /v1 has the harness do; with `stand` it makes every call."""
    tools = [ToolSchema(f["name"], f["description"], f["parameters"]) for f in (t["function"] for t in case.tools)]
    return CompletionAsk(
        case.messages,
        tools,
        MAX_TOKENS,
        follow_ups=True,
        full=True,
        most_calls=_MOST_CALLS,
        least_chance=0.0 if stand else None,
    )


def put(engine: Engine, case: BfclCase, *, stand: bool = False) -> Outcome:
    """Put `case` to `engine`. Which words the harness would say in place of calls is left out."""
    ask = ask_of(case, stand=stand)
    if not ask.tools:
        return Outcome({"raw": [], "lenient": [], "bfcl": []}, {})
    heard = _Heard(engine, ask)
    made: Calls = []
    weighed: Sequence[Mapping[str, float]] = ()
    with suppress(EngineRefused, ContextOverflow):
        completion = complete(heard, ask)
        made = [(call.name, call.arguments) for call in completion.calls]
        weighed = completion.weighed
    found = read(heard.text, complete=not heard.cut)
    lenient: Calls = [(call.name, call.arguments) for call in found.calls]
    return Outcome({"raw": _raw_calls(heard.text), "lenient": lenient, "bfcl": made}, weighed[0] if weighed else {})


def raw_body(case: BfclCase) -> dict[str, object]:
    """Return what the server itself is asked, in OpenAI's form."""
    asked: dict[str, object] = {"messages": list(case.messages), "tools": list(case.tools)}
    return {**asked, "temperature": 0, "seed": 0, "max_tokens": MAX_TOKENS}


def _raw_calls(text: str) -> Calls:
    """Return the calls of `text` in the model's own form, which are all that the server takes for calls."""
    calls: Calls = []
    for found in _TAGGED.finditer(text):
        try:
            call = json.loads(found[1])
            calls.append((call["name"], dict(call["arguments"])))
        except (KeyError, TypeError, ValueError):
            continue
    return calls


@dataclass
class _Heard(Engine):
    """An engine that is not asked for what can only be words; `text` is what it wrote first."""

    engine: Engine
    ask: CompletionAsk
    text: str = ""
    cut: bool = False
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
        if self.requests and not any(json.dumps({"const": tool.name})[1:-1] in shape for tool in self.ask.tools):
            # They need not be made to know that it makes no call.
            yield TextChunk(_WORDS)
            yield FinalChunk("stop", Usage())
            return
        self.requests.append(request)
        is_first = len(self.requests) == 1
        for chunk in self.engine.stream(request):
            if is_first and isinstance(chunk, TextChunk):
                self.text += chunk.text
            if is_first and isinstance(chunk, FinalChunk):
                self.cut = chunk.finish_reason == "length"
            yield chunk
