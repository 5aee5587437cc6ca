"""Carrying out a plan: words straight from the engine, or a move of the harness."""

import json
from collections.abc import Callable, Mapping
from typing import Final

from jindou.models.completions.checking import SchemaNotKept, begins_as_json, require_json
from jindou.models.completions.plan import Plan
from jindou.models.completions.types import CallPiece, Event, TextPiece
from jindou.models.completions.waited import Waited
from jindou.models.engines import EngineRequest, FinalChunk, TextChunk
from jindou.models.gateway import Completion, CompletionAsk, complete

__all__ = ["write"]

_MOST_CALLS: Final = 8
"""At once, where the client allows several."""


def write(engine: Waited, plan: Plan, stem: str, tell: Callable[[Event], None]) -> tuple[str, ...]:
    """Tell the pieces of every choice, one after the other, and return why each ended.

    Raises:
        Stopped: nobody waits for it any more.
        SchemaNotKept: it is not the JSON that was asked for.
        EngineUnavailable, EngineDied, EngineRefused, ContextOverflow: as `Engine.stream` says.
    """
    return tuple(_Writer(engine, plan, f"{stem}_{at}", at, tell).write() for at in range(plan.choices))


class _Writer:
    """Writes one choice."""

    def __init__(self, engine: Waited, plan: Plan, stem: str, choice: int, tell: Callable[[Event], None]) -> None:
        self._engine = engine
        self._plan = plan
        self._stem = stem
        self._choice = choice
        self._tell = tell
        self._words = _Words(plan.stop, lambda text: tell(TextPiece(text, choice)))

    def write(self) -> str:
        plan = self._plan
        if not plan.tools:
            return self._write_words()
        # Where words have to be JSON, those that the harness brings only say that none of the functions is called.
        silent = plan.json_schema is not None
        completion = complete(self._engine, _ask(plan, self._choice), on_text=_ignore if silent else self._words.feed)
        if completion.calls:
            self._words.finish()
            self._tell_calls(completion)
            return "tool_calls"
        if silent:
            return self._write_words()
        self._words.finish()
        return "length" if completion.finish_reason == "length" and not self._words.stopped else "stop"

    def _tell_calls(self, completion: Completion) -> None:
        for at, call in enumerate(completion.calls):
            self._tell(CallPiece(at, f"call_{self._stem}{at}", call.name, choice=self._choice))
            arguments = json.dumps(call.arguments, ensure_ascii=False)
            self._tell(CallPiece(at, arguments=arguments, choice=self._choice))

    def _write_words(self) -> str:
        plan, words = self._plan, self._words
        reason = "length"
        output = ""
        stream = self._engine.stream(_words_request(plan, self._choice))
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


def _words_request(plan: Plan, choice: int) -> EngineRequest:
    return EngineRequest(
        messages=plan.messages,
        max_tokens=plan.max_tokens,
        temperature=plan.temperature,
        seed=plan.seed + choice,
        stop=plan.stop,
        json_schema=plan.json_schema,
    )


def _check(output: str, schema: Mapping[str, object], *, is_whole: bool) -> None:
    """What was cut off need not be whole, but it has to be the beginning of JSON."""
    if is_whole:
        require_json(output, schema)
    elif not begins_as_json(output):
        raise SchemaNotKept


def _ask(plan: Plan, choice: int) -> CompletionAsk:
    return CompletionAsk(
        messages=plan.messages,
        tools=plan.tools,
        max_tokens=plan.max_tokens,
        temperature=plan.temperature,
        seed=plan.seed + choice,
        answer_only=plan.answer_only,
        must_call=plan.must_call,
        follow_ups=True,
        full=True,
        most_calls=_MOST_CALLS if plan.parallel else 1,
    )


def _ignore(_text: str) -> None:
    """Words that are not meant for the client."""


class _Words:
    """Tells text as it comes, up to the first stop sequence; what may be the beginning of one waits."""

    def __init__(self, stops: tuple[str, ...], tell: Callable[[str], None]) -> None:
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
            self._tell(self._waiting[:length])
        self._waiting = self._waiting[length:]
