"""A proper tool call or a plain answer, whatever the model writes.

One request to the engine in the good case. A call that can't be used costs one more, and so does a call that was
already made for this message: then the model can only say something.

For our own assistants a schema holds the model to calls and sayings from the first token. With tools of strangers it
first writes as it likes, since that is where it chooses best and words come as words; a schema comes in when what it
wrote can't be used. Both see the same prompt, so that the second reads nothing again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from jindou.models.engines import Engine, EngineRequest, FinalChunk, TextChunk, Usage
from jindou.models.gateway.arguments import fit, is_misplaced, problem
from jindou.models.gateway.chances import Chances, Token, chances
from jindou.models.gateway.copying import said_in
from jindou.models.gateway.deciding import TOP_LOGPROBS, chance_to_call, is_doubtful, least_chance, signs
from jindou.models.gateway.history import calls_of_this_turn, is_another, may_follow, tools_left
from jindou.models.gateway.parsing import Reading, read
from jindou.models.gateway.prompting import MORE_CALLS, SAY, messages_for
from jindou.models.gateway.saying import Saying
from jindou.models.gateway.schemas import call_schema, say_schema
from jindou.models.gateway.telling import Told
from jindou.models.gateway.types import Completion, CompletionAsk, Notice, Stopped, ToolCall, ToolSchema
from jindou.models.gateway.wording import left_out, without_made_up

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
    free: bool = False


@dataclass(frozen=True, slots=True)
class _Judged:
    """Calls that can be made; or words; or, with neither, the `problem` that the model should hear of.

    `unfit` is the tool that should not be offered again, since what it was given belongs to another.
    """

    calls: tuple[ToolCall, ...] = ()
    words: str = ""
    problem: str = ""
    unfit: str = ""


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
        self._is_free = ask.full and not ask.must_call
        self._heard = Told(ask.messages)
        self._may_decline = bool(ask.tools) and is_doubtful(ask)
        self._sure: Mapping[str, Chances] = {}
        self._invented = False
        self._usage = Usage()
        self._requests = 0
        self._told = ""
        self._notices: list[Notice] = []
        self._weighed: list[Mapping[str, float]] = []

    def run(self) -> Completion:
        """Ask, judge, and ask once more if need be."""
        if not self._tools:
            return self._done_with_words(self._write(None))
        if self._ask.answer_only:
            return self._done_with_words(self._write(say_schema(self._ask)))
        output = self._write(None if self._is_free else self._call_schema())
        judged = self._judge(output)
        if judged.problem:
            return self._repair(output, judged)
        return self._done(output, judged)

    def _repair(self, first: _Output, wrong: _Judged) -> Completion:
        """Let the model write again: told what is wrong or, if it took a wrong tool, with the others to choose from.

        Where it wrote as it liked, a schema tells it enough.
        """
        if wrong.unfit:
            left = [tool for tool in tools_left(self._ask) if tool.name != wrong.unfit]
            output = self._write(call_schema(self._ask, left, may_say=False))
        elif self._is_free:
            output = self._write(call_schema(self._ask, self._meant(first), may_say=False))
        else:
            told = f"{wrong.problem} Call one of the functions with right arguments, or say something."
            output = self._write(self._call_schema(), _turn("assistant", first.text), _turn("user", told))
        judged = self._judge(output)
        if not judged.problem:
            self._notices.append(Notice("repaired_call", wrong.problem))
            return self._done(output, judged)
        self._notices.append(Notice("unreadable_call", judged.problem))
        return self._completion(self._told, cut=output.cut)

    def _meant(self, output: _Output) -> Sequence[ToolSchema]:
        """Return the tools that the model called, though not rightly; all that are left, if it called another, too."""
        left = tools_left(self._ask)
        names = {call.name for call in output.reading.calls}
        meant = [tool for tool in left if tool.name in names]
        return meant if meant and len(meant) == len(names) else left

    def _done(self, output: _Output, judged: _Judged) -> Completion:
        """Return words, or the calls that are new; when none is, the model has what it needs and must say it."""
        if not judged.calls:
            output.saying.finish(judged.words)
            return self._completion(judged.words, cut=output.cut)
        made = [] if self._ask.must_call else calls_of_this_turn(self._ask.messages)
        new = [call for call in judged.calls if call not in made]
        # A schema holds the model to the tools that are left; where it writes as it likes, nothing else does.
        fresh = [call for call in new if not self._is_free or may_follow(self._ask, call)][: self._ask.most_calls]
        wanted = self._wanted(fresh, output)
        if wanted:
            return self._completion(judged.words or self._told, calls=self._with_more(wanted, output))
        if not fresh:
            with_what = "values that nobody gave" if new else "the same arguments"
            again = f"The model called {judged.calls[0].name} again with {with_what}."
            self._notices.append(Notice("repeated_call", again))
        return self._say_instead()

    def _with_more(self, calls: tuple[ToolCall, ...], output: _Output) -> tuple[ToolCall, ...]:
        """Have the other calls written where `calls` leave out something that was said."""
        if not self._is_free or len(calls) >= self._ask.most_calls or calls_of_this_turn(self._ask.messages):
            # What a result tells is for no call to use up.
            return calls
        said = said_in(self._ask.messages[-1:])
        out = left_out(said, [call.arguments for call in calls], self._ask.tools)
        if not out:
            return calls
        schema = call_schema(self._ask, tools_left(self._ask), may_say=False)
        more = self._write(schema, _turn("assistant", output.text), _turn("user", MORE_CALLS))
        others = [call for call in self._judge(more).calls if is_another(call, calls, said)]
        all_ = (*calls, *self._wanted(others, more))[: self._ask.most_calls]
        still = left_out(said, [call.arguments for call in all_], self._ask.tools)
        return all_ if len(still) < len(out) else calls

    def _say_instead(self) -> Completion:
        """Have words in place of a call; what the model said before the call was told, and stays."""
        if self._told:
            self._tell("\n\n")
        before = self._told
        completion = self._done_with_words(self._write(say_schema(self._ask)))
        return replace(completion, text=before + completion.text)

    def _wanted(self, calls: Sequence[ToolCall], output: _Output) -> tuple[ToolCall, ...]:
        """Return the calls that the person wants, with what the person wants of them."""
        wanted = [call for call in calls if self._is_wanted(call, output)]
        if not self._ask.full:
            return tuple(wanted)
        return tuple(map(self._without_made_up, wanted))

    def _without_made_up(self, call: ToolCall) -> ToolCall:
        """Return `call` without what nobody spoke of, unless its schema can't do without."""
        schema = self._tools[call.name].parameters
        left = without_made_up(call.arguments, schema, self._heard)
        if len(left) == len(call.arguments) or problem(left, schema, self._heard.said):
            return call
        return ToolCall(call.name, left)

    def _is_wanted(self, call: ToolCall, output: _Output) -> bool:
        """Return whether the person wants `call`, and the model does not only make it because it has tools."""
        if not self._may_decline:
            return True
        tool, sure = self._tools[call.name], output.sure.get(call.name)
        found = signs(self._ask, tool, call.arguments, sure, invented=self._invented)
        self._weighed.append(found)
        chance, least = chance_to_call(found), self._ask.least_chance
        is_wanted = chance >= (least_chance() if least is None else least)
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
        saying = Saying(self._tell)
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
        if self._requests == 1:
            self._sure = chances(tokens)
            self._invented = any(call.name not in self._tools for call in reading.calls)
        return _Output(saying.output, cut, reading, saying, {**chances(tokens), **self._sure}, schema is None)

    def _tell(self, text: str) -> None:
        self._told += text
        self._on_text(text)

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
        # A stranger's tool is given what the person spoke of, even if it is the default.
        asked = self._heard.asked if self._ask.full else frozenset[str]()
        for written in output.reading.calls:
            if written.name == SAY:
                continue
            tool = self._tools.get(written.name)
            if tool is None:
                return _Judged(problem=f"There is no function `{written.name}`.")
            arguments = fit(written.arguments, tool.parameters, self._heard.said, asked)
            wrong = problem(arguments, tool.parameters, self._heard.said)
            if wrong:
                unfit = tool.name if is_misplaced(arguments, tool.parameters) else ""
                return _Judged(problem=f"Wrong arguments for {tool.name}: {wrong}.", unfit=unfit)
            call = ToolCall(tool.name, arguments)
            if call not in calls:
                calls.append(call)
        words = output.saying.said.strip()
        if calls or words:
            return _Judged(tuple(calls), words or output.reading.words)
        if output.free and output.text.strip() and not any(name in output.text for name in self._tools):
            # JSON, or anything else with brackets, that is about something else.
            return _Judged(words=output.reading.words if not output.reading.unreadable else output.text.strip())
        if output.reading.unreadable or not output.reading.words:
            return _Judged(problem="That is no call that can be read.")
        return _Judged(words=output.reading.words)

    def _completion(self, text: str, *, cut: bool = False, calls: tuple[ToolCall, ...] = ()) -> Completion:
        if cut:
            told = f"The model's output was cut off at {self._ask.max_tokens} tokens."
            self._notices.append(Notice("output_cut", told))
        reason: Literal["stop", "length", "calls"] = "calls" if calls else "length" if cut else "stop"
        notices, weighed = tuple(self._notices), tuple(self._weighed)
        return Completion(text, calls, self._usage, self._requests, reason, notices, weighed)


def _turn(role: str, text: str) -> dict[str, object]:
    return {"role": role, "content": text}
