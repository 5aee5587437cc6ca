"""What an engine that speaks the client's language says is passed on as it is; only what it used is read."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple, cast

import msgspec
from msgspec import Struct

from jindou.errors import JindouError
from jindou.models.completions.types import CallPiece, Event, PassOn, ReasoningPiece, TextPiece
from jindou.models.engines import Usage
from jindou.models.upstreams import Answered, EngineDied, Reply, Upstream, Waits, translated

__all__ = ["Begin", "Relayed", "refusal", "relay_stream", "relay_whole", "spoken"]

Begin = Callable[[], Awaitable[None]]
"""Tells that the engine has begun to answer: it is called before the first choices are passed on."""

_OK: Final = 200


class Relayed(NamedTuple):
    """How a relayed completion ended. `usage` is None when the engine did not say what it used."""

    usage: Usage | None
    finish_reasons: tuple[str, ...] = ("stop",)


class _Details(Struct):
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None


class _Usage(Struct):
    prompt_tokens: int = 0
    completion_tokens: int = 0
    prompt_tokens_details: _Details | None = None
    completion_tokens_details: _Details | None = None


class _Timings(Struct):
    cache_n: int = 0


class _Sent(Struct):
    """A chunk of a stream, or a whole answer."""

    choices: msgspec.Raw = msgspec.Raw(b"[]")
    usage: _Usage | None = None
    timings: _Timings | None = None
    error: msgspec.Raw | None = None


class _CalledFunction(Struct):
    name: str | None = None
    arguments: str | None = None


class _CallDelta(Struct):
    index: int = 0
    id: str | None = None
    function: _CalledFunction | None = None


class _Delta(Struct):
    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    tool_calls: list[_CallDelta] | None = None


class _Choice(Struct):
    index: int = 0
    delta: _Delta | None = None
    message: _Delta | None = None
    finish_reason: str | None = None


_SENT: Final = msgspec.json.Decoder(_Sent)
_CHOICES: Final = msgspec.json.Decoder(list[_Choice])


async def relay_whole(reply: Reply, begin: Begin, pass_on: PassOn) -> Relayed:
    """Pass on the one answer of a request that is not streamed.

    Raises:
        EngineDied: it broke off, or is no answer.
    """
    sent = _read(await reply.read())
    await begin()
    waits = pass_on([bytes(sent.choices)])
    if waits is not None:
        await waits
    return Relayed(_usage(sent))


async def relay_stream(reply: Reply, begin: Begin, pass_on: PassOn) -> Relayed:
    """Pass on every chunk as it comes, and return what the last one said was used.

    Raises:
        EngineDied: it broke off before its end.
    """
    stream = _Stream(begin, pass_on)
    await reply.each(stream.take)
    if not stream.is_whole and stream.usage is None:
        raise EngineDied("The engine's stream ended before its end.")
    return Relayed(stream.usage)


def spoken(choices: bytes, *, whole: bool = False) -> tuple[list[Event], dict[int, str]]:
    """Return what the choices of a chunk say, or with `whole` of an answer, and why those of them ended that did."""
    events: list[Event] = []
    reasons: dict[int, str] = {}
    for choice in _CHOICES.decode(choices):
        delta = choice.delta or choice.message or _Delta()
        thought = delta.reasoning_content or delta.reasoning
        if thought:
            events.append(ReasoningPiece(thought, choice.index))
        if delta.content:
            events.append(TextPiece(delta.content, choice.index))
        for at, call in enumerate(delta.tool_calls or ()):
            function = call.function or _CalledFunction()
            number = at if whole else call.index
            name, arguments = function.name or "", function.arguments or ""
            events.append(CallPiece(number, call.id or "", name, arguments, choice.index))
        if choice.finish_reason:
            reasons[choice.index] = choice.finish_reason
    return events, reasons


async def refusal(reply: Reply, upstream: Upstream, model: str) -> JindouError | None:
    """Return what an upstream's answer means that is no completion; None if it is one."""
    if reply.status == _OK:
        return None
    try:
        body: object = msgspec.json.decode(await reply.read())
    except (msgspec.MsgspecError, UnicodeDecodeError):
        body = None
    fields = cast("dict[str, Any]", body) if isinstance(body, dict) else {}
    return translated(Answered(reply.status, reply.headers, fields), upstream, model)


class _Stream:
    """Passes on the chunks of a stream in the pieces in which they come."""

    def __init__(self, begin: Begin, pass_on: PassOn) -> None:
        self.usage: Usage | None = None
        self.is_whole = False
        self._begin = begin
        self._pass_on = pass_on
        self._has_begun = False
        self._rest = b""

    def take(self, piece: bytes) -> Waits | None:
        """Pass on the chunks that `piece` completes, all at once."""
        if not self._rest and piece.find(b"\n") == len(piece) - 2 and piece[:6] == b"data: " and piece[-1:] == b"\n":
            # One whole event, as most pieces are.
            events = [piece[6:-2]]
        else:
            events = self._events(piece)
        chunks: list[bytes] = []
        try:
            for data in events:
                if data == b"[DONE]":
                    self.is_whole = True
                    continue
                sent = _SENT.decode(data)
                if sent.usage is not None:
                    self.usage = _usage(sent)
                if sent.error is not None:
                    return self._break_off(chunks, "The engine broke off with an error.")
                choices = bytes(sent.choices)
                if choices != b"[]":
                    chunks.append(choices)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return self._break_off(chunks, "The engine said something that is no completion.")
        if not chunks:
            return None
        return self._pass_on(chunks) if self._has_begun else self._begin_with(chunks)

    def _events(self, piece: bytes) -> list[bytes]:
        """Return the data of each server-sent event that `piece` completes."""
        text = (self._rest + piece).replace(b"\r\n", b"\n")
        *events, self._rest = text.split(b"\n\n")
        found: list[bytes] = []
        for event in events:
            if event.startswith(b"data: ") and b"\n" not in event:
                found.append(event[6:])
            elif lines := [line[5:].strip() for line in event.split(b"\n") if line.startswith(b"data:")]:
                found.append(b"\n".join(lines))
        return found

    async def _begin_with(self, chunks: list[bytes]) -> None:
        if not self._has_begun:
            self._has_begun = True
            await self._begin()
        waits = self._pass_on(chunks)
        if waits is not None:
            await waits

    async def _break_off(self, chunks: list[bytes], why: str) -> None:
        """Pass on what came before an error."""
        if chunks:
            await self._begin_with(chunks)
        raise EngineDied(why)


def _read(data: bytes) -> _Sent:
    try:
        sent = _SENT.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise EngineDied("The engine said something that is no completion.") from None
    if sent.error is not None:
        raise EngineDied("The engine broke off with an error.")
    return sent


def _usage(sent: _Sent) -> Usage | None:
    used = sent.usage
    if used is None:
        return None
    cached = used.prompt_tokens_details.cached_tokens if used.prompt_tokens_details else None
    if cached is None and sent.timings is not None:
        cached = sent.timings.cache_n
    thought = used.completion_tokens_details.reasoning_tokens if used.completion_tokens_details else None
    told = Usage(used.prompt_tokens, min(cached or 0, used.prompt_tokens), used.completion_tokens, thought or 0)
    return told if told.is_possible else None
