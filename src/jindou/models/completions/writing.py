"""Carrying out a plan: words straight from the engine, or a move of the harness."""

import json
from collections.abc import Mapping

from jindou.models.completions.checking import SchemaNotKept, begins_as_json, require_json
from jindou.models.completions.counting import CountingEngine
from jindou.models.completions.plan import Plan
from jindou.models.completions.types import CallsMade, FinishReason, MadeCall, Tell, TextPiece
from jindou.models.engines import EngineRequest, FinalChunk, TextChunk
from jindou.models.gateway import Completion, CompletionAsk, complete

__all__ = ["write"]


def write(engine: CountingEngine, plan: Plan, ticket_id: str, tell: Tell) -> FinishReason:
    """Tell the pieces of the completion and return why it ended.

    Raises:
        Stopped: nobody waits for it any more.
        SchemaNotKept: it is not the JSON that was asked for.
        EngineUnavailable, EngineDied, EngineRefused, ContextOverflow: as `Engine.stream` says.
    """
    words = _Words(plan.stop, tell)
    if not plan.tools:
        return _write_words(engine, plan, words)
    # Where words have to be JSON, those that the harness brings only say that none of the functions is to be called.
    silent = plan.json_schema is not None
    completion = complete(engine, _ask(plan), on_text=_ignore if silent else words.feed)
    if completion.calls:
        words.finish()
        tell(CallsMade(_made(completion, plan, ticket_id)))
        return "tool_calls"
    if silent:
        return _write_words(engine, plan, words)
    words.finish()
    return "length" if completion.finish_reason == "length" and not words.stopped else "stop"


def _write_words(engine: CountingEngine, plan: Plan, words: "_Words") -> FinishReason:
    request = EngineRequest(
        messages=plan.messages,
        max_tokens=plan.max_tokens,
        temperature=plan.temperature,
        seed=plan.seed,
        stop=plan.stop,
        json_schema=plan.json_schema,
    )
    reason: FinishReason = "length"
    output = ""
    stream = engine.stream(request)
    try:
        for chunk in stream:
            if isinstance(chunk, FinalChunk):
                reason = "length" if chunk.finish_reason == "length" else "stop"
                break
            if not isinstance(chunk, TextChunk):
                continue
            output += chunk.text
            if plan.json_schema is None or begins_as_json(output):
                words.feed(chunk.text)
    finally:
        stream.close()
    if plan.json_schema is not None:
        _check(output, plan.json_schema, is_whole=reason == "stop" and not plan.stop)
    words.finish()
    return "stop" if words.stopped else reason


def _check(output: str, schema: Mapping[str, object], *, is_whole: bool) -> None:
    """What was cut off need not be whole, but it has to be the beginning of JSON."""
    if is_whole:
        require_json(output, schema)
    elif not begins_as_json(output):
        raise SchemaNotKept


def _ask(plan: Plan) -> CompletionAsk:
    return CompletionAsk(
        messages=plan.messages,
        tools=plan.tools,
        max_tokens=plan.max_tokens,
        temperature=plan.temperature,
        seed=plan.seed,
        answer_only=plan.answer_only,
        must_call=plan.must_call,
        follow_ups=True,
    )


def _made(completion: Completion, plan: Plan, ticket_id: str) -> tuple[MadeCall, ...]:
    calls = completion.calls if plan.parallel else completion.calls[:1]
    stem = ticket_id.rpartition("_")[2]
    return tuple(
        MadeCall(f"call_{stem}_{at}", call.name, json.dumps(call.arguments, ensure_ascii=False))
        for at, call in enumerate(calls)
    )


def _ignore(_text: str) -> None:
    """Words that are not meant for the client."""


class _Words:
    """Tells text as it comes, up to the first stop sequence; what may be the beginning of one waits."""

    def __init__(self, stops: tuple[str, ...], tell: Tell) -> None:
        self._stops = stops
        self._tell = tell
        self._waiting = ""
        self.stopped = False

    def feed(self, text: str) -> None:
        if self.stopped:
            return
        self._waiting += text
        found = [at for stop in self._stops if (at := self._waiting.find(stop)) >= 0]
        if found:
            self._send(min(found))
            self.stopped = True
            return
        self._send(len(self._waiting) - self._held())

    def finish(self) -> None:
        if not self.stopped:
            self._send(len(self._waiting))

    def _held(self) -> int:
        """Return how many characters at the end a stop sequence could begin with."""
        longest = max(map(len, self._stops), default=1) - 1
        for length in range(min(longest, len(self._waiting)), 0, -1):
            if any(stop.startswith(self._waiting[-length:]) for stop in self._stops):
                return length
        return 0

    def _send(self, length: int) -> None:
        if length > 0:
            self._tell(TextPiece(self._waiting[:length]))
        self._waiting = self._waiting[length:]
