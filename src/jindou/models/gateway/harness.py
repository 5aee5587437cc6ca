"""A proper tool call or a plain answer, from models that write either into their text as they please.

One request to the engine in the good case. A call that can't be used costs one more, in which the shape of the
output is constrained; a call that was already made in this turn costs one more, in which only prose is possible.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, cast

from jindou.models.engines import Engine, EngineRequest, FinalChunk, Usage
from jindou.models.gateway.arguments import fit, problem
from jindou.models.gateway.holdback import Holdback
from jindou.models.gateway.parsing import Reading, read
from jindou.models.gateway.types import (
    Completion,
    CompletionAsk,
    Notice,
    Stopped,
    ToolCall,
    ToolSchema,
)

__all__ = ["complete"]

_ANSWER_KEY: Final = "answer"
_ANSWER_NOW: Final = "Tell me the result above in one or two short sentences, in the language of my request."


def complete(
    engine: Engine,
    ask: CompletionAsk,
    *,
    on_text: Callable[[str], None] = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Completion:
    """Return the model's next move: calls of known tools with arguments that fit, or an answer.

    `on_text` gets the answer as it is made, and never a piece of a call. `should_stop` is asked several times a
    second. What the model writes never raises; what can't be used is in the notices.

    Raises:
        Stopped: `should_stop` said so.
        EngineUnavailable, EngineDied, ContextOverflow: as `Engine.stream` says.
    """
    return _Turn(engine, ask, on_text, should_stop).run()


@dataclass(frozen=True, slots=True)
class _Output:
    text: str
    cut: bool
    reading: Reading


@dataclass(frozen=True, slots=True)
class _Judged:
    calls: tuple[ToolCall, ...]
    problem: str | None
    wanted: str | None


class _Turn:
    """One completion in the making: adds up what it uses and what is to be noticed."""

    def __init__(
        self, engine: Engine, ask: CompletionAsk, on_text: Callable[[str], None], should_stop: Callable[[], bool]
    ) -> None:
        self._engine = engine
        self._ask = ask
        self._on_text = on_text
        self._should_stop = should_stop
        self._tools = {tool.name: tool for tool in ask.tools}
        self._usage = Usage()
        self._requests = 0
        self._notices: list[Notice] = []

    def run(self) -> Completion:
        """Ask, judge, and ask once more if need be."""
        if self._ask.answer_only:
            return self._answer_in_words()
        output = self._write(EngineRequest(messages=self._ask.messages))
        if not output.reading.calls and not output.reading.unreadable:
            return self._answer(output)
        judged = self._judge(output.reading)
        if judged.problem is not None:
            return self._repair(output, judged)
        return self._without_repeats(output, judged.calls)

    def _write(self, request: EngineRequest) -> _Output:
        """Have the engine fill `request` in; text that can't be a call goes to the person at once."""
        held = Holdback(self._on_text if request.json_schema is None else lambda _: None)
        request = replace(
            request,
            tools=[_as_openai(tool) for tool in self._ask.tools],
            max_tokens=self._ask.max_tokens,
            temperature=self._ask.temperature,
            seed=self._ask.seed,
        )
        cut = self._stream(request, held)
        reading = read(held.text, complete=not cut) if self._tools else Reading(held.text.strip(), (), unreadable=False)
        if not reading.calls and not reading.unreadable and request.json_schema is None:
            held.release(reading.words)
        return _Output(held.text, cut, reading)

    def _stream(self, request: EngineRequest, held: Holdback) -> bool:
        stream = self._engine.stream(request)
        try:
            for chunk in stream:
                if self._should_stop():
                    raise Stopped("The completion was stopped.")
                if isinstance(chunk, FinalChunk):
                    self._usage += chunk.usage
                    self._requests += 1
                    return chunk.finish_reason == "length"
                held.feed(chunk.text)
        finally:
            stream.close()
        return True

    def _judge(self, reading: Reading) -> _Judged:
        """Hold what was read against the tools; the first problem counts."""
        calls: list[ToolCall] = []
        for written in reading.calls:
            tool = self._tools.get(written.name)
            if tool is None:
                return _Judged((), f"There is no tool `{written.name}`.", None)
            arguments = fit(written.arguments, tool.parameters)
            wrong = problem(arguments, tool.parameters)
            if wrong:
                return _Judged((), f"Wrong arguments for {tool.name}: {wrong}.", tool.name)
            call = ToolCall(tool.name, arguments)
            if call not in calls:
                calls.append(call)
        if not calls:
            return _Judged((), "That is not a call of a tool.", None)
        return _Judged(tuple(calls), None, None)

    def _repair(self, output: _Output, judged: _Judged) -> Completion:
        """Tell the model what is wrong, and let it write again in a shape that can be read."""
        schema = _call_schema([self._tools[judged.wanted]] if judged.wanted else list(self._tools.values()))
        told = f"{judged.problem} Call one of the tools with right arguments, or answer in words."
        messages = [
            *self._ask.messages,
            {"role": "assistant", "content": output.text},
            {"role": "user", "content": told},
        ]
        second = self._write(EngineRequest(messages=messages, json_schema=schema))
        answer = _answer_of(second.text)
        if answer is not None:
            self._on_text(answer)
            return self._done(answer, second.cut)
        again = self._judge(second.reading)
        if again.problem is not None:
            self._notices.append(Notice("unreadable_call", again.problem))
            return self._done(output.reading.words, second.cut)
        self._notices.append(Notice("repaired_call", judged.problem or ""))
        return self._without_repeats(second, again.calls)

    def _without_repeats(self, output: _Output, calls: Sequence[ToolCall]) -> Completion:
        """Return the calls that are new; when none is, the model has what it needs and must answer."""
        made = _calls_of_this_turn(self._ask.messages)
        fresh = tuple(call for call in calls if call not in made)
        if fresh:
            return self._done(output.reading.words, cut=False, calls=fresh)
        self._notices.append(
            Notice("repeated_call", f"The model called {calls[0].name} again with the same arguments.")
        )
        return self._answer_in_words()

    def _answer_in_words(self) -> Completion:
        messages = [*self._ask.messages, {"role": "user", "content": _ANSWER_NOW}]
        return self._answer(self._write(EngineRequest(messages=messages, prose=True)))

    def _answer(self, output: _Output) -> Completion:
        return self._done(output.reading.words, output.cut)

    def _done(self, text: str, cut: bool, calls: tuple[ToolCall, ...] = ()) -> Completion:  # noqa: FBT001 - private
        if cut:
            told = f"The model's output was cut off at {self._ask.max_tokens} tokens."
            self._notices.append(Notice("output_cut", told))
        reason: Literal["stop", "length", "calls"] = "calls" if calls else "length" if cut else "stop"
        return Completion(text, calls, self._usage, self._requests, reason, tuple(self._notices))


def _as_openai(tool: ToolSchema) -> dict[str, object]:
    function = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
    return {"type": "function", "function": function}


def _call_schema(tools: Sequence[ToolSchema]) -> dict[str, object]:
    """Return the schema of one call of one of `tools`, or of an answer in words."""
    calls: list[dict[str, object]] = [
        {
            "type": "object",
            "properties": {"name": {"const": tool.name}, "arguments": dict(tool.parameters)},
            "required": ["name", "arguments"],
            "additionalProperties": False,
        }
        for tool in tools
    ]
    answer: dict[str, object] = {
        "type": "object",
        "properties": {_ANSWER_KEY: {"type": "string"}},
        "required": [_ANSWER_KEY],
        "additionalProperties": False,
    }
    return {"anyOf": [*calls, answer]}


def _answer_of(text: str) -> str | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    answer: object = cast("dict[str, object]", value).get(_ANSWER_KEY) if isinstance(value, dict) else None
    return answer.strip() if isinstance(answer, str) and answer.strip() else None


def _calls_of_this_turn(messages: Sequence[Mapping[str, Any]]) -> list[ToolCall]:
    """Return the calls made since a person last spoke."""
    made: list[ToolCall] = []
    for message in reversed(messages):
        if message.get("role") == "user":
            break
        for call in message.get("tool_calls") or ():
            made.append(_call_from_openai(call["function"]))
    return made


def _call_from_openai(function: Mapping[str, Any]) -> ToolCall:
    arguments = function["arguments"]
    return ToolCall(function["name"], json.loads(arguments) if isinstance(arguments, str) else dict(arguments))
