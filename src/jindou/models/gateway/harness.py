"""A proper tool call or a plain answer, whatever the model writes.

One request to the engine in the good case. A call that can't be used costs one more, and so does a call that was
already made for this message: then the model can only say something.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from jindou.models.engines import Engine, EngineRequest, FinalChunk, TextChunk, Usage
from jindou.models.gateway.arguments import fit, is_misplaced, problem
from jindou.models.gateway.chances import Chances, Token, chances
from jindou.models.gateway.copying import said_in
from jindou.models.gateway.deciding import TOP_LOGPROBS, chance_to_call, is_doubtful, is_missed, least_chance, signs
from jindou.models.gateway.history import calls_of_this_turn, tools_left
from jindou.models.gateway.parsing import Reading, read
from jindou.models.gateway.prompting import SAY, messages_for
from jindou.models.gateway.saying import Saying
from jindou.models.gateway.schemas import call_schema, say_schema
from jindou.models.gateway.types import Completion, CompletionAsk, Notice, Stopped, ToolCall
from jindou.models.gateway.wording import without_made_up

__all__ = ["complete"]


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
    saying: Saying
    sure: Mapping[str, Chances]
    missed: bool = False


@dataclass(frozen=True, slots=True)
class _Judged:
    """Calls that can be made; or words; or, with neither, the `problem` that the model should hear of.

    `unfit` is the tool that should not be offered again, since what it was given belongs to another.
    """

    calls: tuple[ToolCall, ...] = ()
    words: str = ""
    problem: str = ""
    unfit: str = ""


class _Hearing:
    """Passes words on, unless they turn out, with the first of them, to stand where a call should."""

    def __init__(self, on_text: Callable[[str], None], is_missed: Callable[[], bool]) -> None:
        self._on_text = on_text
        self._is_missed = is_missed
        self.missed: bool | None = None

    def tell(self, text: str) -> None:
        if self.missed is None:
            self.missed = self._is_missed()
        if not self.missed:
            self._on_text(text)


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
        self._messages = (
            messages_for(ask.messages, ask.tools, full=ask.full) if ask.tools else [dict(m) for m in ask.messages]
        )
        self._may_decline = bool(ask.tools) and is_doubtful(ask)
        self._usage = Usage()
        self._requests = 0
        self._notices: list[Notice] = []

    def run(self) -> Completion:
        """Ask, judge, and ask once more if need be."""
        if not self._tools:
            return self._done_with_words(self._write(None))
        if self._ask.answer_only:
            return self._done_with_words(self._write(say_schema(self._ask)))
        output = self._write(self._call_schema())
        judged = self._judge(output)
        if judged.problem:
            return self._repair(output, judged)
        return self._done(output, judged)

    def _repair(self, first: _Output, wrong: _Judged) -> Completion:
        """Let the model write again: told what is wrong or, if it took a wrong tool, with the others to choose from."""
        if wrong.unfit:
            left = [tool for tool in tools_left(self._ask) if tool.name != wrong.unfit]
            output = self._write(call_schema(self._ask, left, may_say=False))
        else:
            told = f"{wrong.problem} Call one of the functions with right arguments, or say something."
            output = self._write(self._call_schema(), _turn("assistant", first.text), _turn("user", told))
        judged = self._judge(output)
        if not judged.problem:
            self._notices.append(Notice("repaired_call", wrong.problem))
            return self._done(output, judged)
        self._notices.append(Notice("unreadable_call", judged.problem))
        return self._completion("", cut=output.cut)

    def _done(self, output: _Output, judged: _Judged) -> Completion:
        """Return words, or the calls that are new; when none is, the model has what it needs and must say it."""
        if not judged.calls and output.missed:
            return self._call_after_all(judged)
        if not judged.calls:
            output.saying.finish(judged.words)
            return self._completion(judged.words, cut=output.cut)
        made = [] if self._ask.must_call else calls_of_this_turn(self._ask.messages)
        fresh = [call for call in judged.calls if call not in made][: self._ask.most_calls]
        wanted = self._wanted(fresh, output)
        if wanted:
            return self._completion(judged.words, calls=wanted)
        if fresh:
            return self._done_with_words(self._write(say_schema(self._ask)))
        again = f"The model called {judged.calls[0].name} again with the same arguments."
        self._notices.append(Notice("repeated_call", again))
        return self._done_with_words(self._write(say_schema(self._ask)))

    def _call_after_all(self, said: _Judged) -> Completion:
        """Have a call written where the model said something by chance; if it does not stand, that has to do."""
        output = self._write(call_schema(self._ask, tools_left(self._ask), may_say=False))
        judged = self._judge(output)
        wanted = self._wanted(judged.calls[: self._ask.most_calls], output)
        if wanted:
            self._notices.append(Notice("repaired_call", "The model said something where a call was asked for."))
            return self._completion("", calls=wanted)
        self._on_text(said.words)
        return self._completion(said.words)

    def _wanted(self, calls: Sequence[ToolCall], output: _Output) -> tuple[ToolCall, ...]:
        """Return the calls that the person wants, with what the person wants of them."""
        wanted = [call for call in calls if self._is_wanted(call, output)]
        if not self._ask.full:
            return tuple(wanted)
        said = said_in(self._ask.messages)
        return tuple(
            ToolCall(call.name, without_made_up(call.arguments, self._tools[call.name].parameters, said))
            for call in wanted
        )

    def _is_wanted(self, call: ToolCall, output: _Output) -> bool:
        """Return whether the person wants `call`, and the model does not only make it because it has tools."""
        if not self._may_decline:
            return True
        chance = chance_to_call(signs(self._ask, self._tools[call.name], call.arguments, output.sure.get(call.name)))
        is_wanted = chance >= least_chance()
        if not is_wanted:
            told = f"The model called {call.name}, which hardly fits the request: its chance is {chance:.2f}."
            self._notices.append(Notice("declined_call", told))
        return is_wanted

    def _done_with_words(self, output: _Output) -> Completion:
        words = output.saying.said.strip() or output.reading.words
        output.saying.finish(words)
        return self._completion(words, cut=output.cut)

    def _call_schema(self) -> dict[str, object]:
        if self._ask.must_call:
            return call_schema(self._ask, self._ask.tools, may_say=False)
        return call_schema(self._ask, tools_left(self._ask))

    def _write(self, schema: Mapping[str, object] | None, *further: dict[str, object]) -> _Output:
        """Have the engine write in the shape of `schema`; words go to the person as they come."""
        tokens: list[Token] = []
        hearing = _Hearing(self._on_text, lambda: self._is_missed(tokens))
        saying = Saying(hearing.tell)
        request = EngineRequest(
            messages=[*self._messages, *further],
            max_tokens=self._ask.max_tokens,
            temperature=self._ask.temperature,
            seed=self._ask.seed,
            json_schema=schema,
            top_logprobs=TOP_LOGPROBS if self._may_decline else 0,
        )
        cut = self._stream(request, saying, tokens)
        if not self._tools:
            return _Output(saying.output, cut, Reading(saying.output.strip(), (), unreadable=False), saying, {})
        reading = read(saying.output, complete=not cut)
        return _Output(saying.output, cut, reading, saying, chances(tokens), hearing.missed or False)

    def _is_missed(self, tokens: Sequence[Token]) -> bool:
        said = chances(tokens).get(SAY) if self._may_decline else None
        return said is not None and not self._requests and is_missed(self._ask, said)

    def _stream(self, request: EngineRequest, saying: Saying, tokens: list[Token]) -> bool:
        """Return whether the output was cut."""
        stream = self._engine.stream(request)
        try:
            for chunk in stream:
                if self._should_stop():
                    raise Stopped("The completion was stopped.")
                if isinstance(chunk, FinalChunk):
                    self._usage += chunk.usage
                    self._requests += 1
                    return chunk.finish_reason == "length"
                if isinstance(chunk, TextChunk):
                    tokens += chunk.tokens
                    saying.feed(chunk.text)
        finally:
            stream.close()
        return True

    def _judge(self, output: _Output) -> _Judged:
        """Hold what was written against the tools; the first problem counts."""
        calls: list[ToolCall] = []
        said = said_in(self._ask.messages)
        for written in output.reading.calls:
            if written.name == SAY:
                continue
            tool = self._tools.get(written.name)
            if tool is None:
                return _Judged(problem=f"There is no function `{written.name}`.")
            arguments = fit(written.arguments, tool.parameters, said)
            wrong = problem(arguments, tool.parameters, said)
            if wrong:
                unfit = tool.name if is_misplaced(arguments, tool.parameters) else ""
                return _Judged(problem=f"Wrong arguments for {tool.name}: {wrong}.", unfit=unfit)
            call = ToolCall(tool.name, arguments)
            if call not in calls:
                calls.append(call)
        words = output.saying.said.strip()
        if calls or words:
            return _Judged(tuple(calls), words or output.reading.words)
        if output.reading.unreadable or not output.reading.words:
            return _Judged(problem="That is no call that can be read.")
        return _Judged(words=output.reading.words)

    def _completion(self, text: str, *, cut: bool = False, calls: tuple[ToolCall, ...] = ()) -> Completion:
        if cut:
            told = f"The model's output was cut off at {self._ask.max_tokens} tokens."
            self._notices.append(Notice("output_cut", told))
        reason: Literal["stop", "length", "calls"] = "calls" if calls else "length" if cut else "stop"
        return Completion(text, calls, self._usage, self._requests, reason, tuple(self._notices))


def _turn(role: str, text: str) -> dict[str, object]:
    return {"role": role, "content": text}
