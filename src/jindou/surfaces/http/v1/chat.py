"""`/v1/chat/completions`: one answer, or a stream of its pieces, in OpenAI's shapes."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from jindou.models.completions import (
    Asked,
    Begun,
    CallPiece,
    ChatRequest,
    Done,
    Event,
    ReasoningPiece,
    TextPiece,
)
from jindou.models.engines import Usage
from jindou.surfaces.http.v1.call import Call
from jindou.surfaces.http.v1.decoding import encode
from jindou.surfaces.http.v1.headers import headers_of
from jindou.surfaces.http.wire import Waits

__all__ = ["create", "usage_json"]

_DONE: Final = b"data: [DONE]\n\n"


async def create(call: Call) -> None:
    """Complete a conversation. What is used is in the ledger before the end is told, also if nobody listens."""
    holder = await call.holder()
    request, asked = await call.read(_read)
    writer = _Stream(call, include_usage=request.includes_usage) if request.stream else _Whole(call)
    await call.make(holder, asked, writer.tell, writer.pass_on)


def _read(body: bytes) -> tuple[ChatRequest, Asked]:
    request = ChatRequest.read(body)
    return request, Asked.of_chat(request, len(body))


class _Whole:
    """Keeps the pieces until the end, and answers once."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._begun: Begun | None = None
        self._choices = b""
        self._pieces: list[TextPiece | ReasoningPiece | CallPiece] = []

    def tell(self, event: Event) -> Waits | None:
        """Take an event; the last one sends the answer."""
        match event:
            case Begun():
                self._begun = event
            case Done():
                return self._answer(event)
            case _:
                self._pieces.append(event)
        return None

    def pass_on(self, chunks: Sequence[bytes]) -> None:
        """Take the choices of an engine that speaks the client's language."""
        (self._choices,) = chunks

    async def _answer(self, done: Done) -> None:
        begun = self._begun
        assert begun is not None  # noqa: S101 - every completion begins
        choices = self._choices or encode([self._choice(at, reason) for at, reason in enumerate(done.finish_reasons)])
        head = _head(begun, b"chat.completion")
        body = b'%b%b,"usage":%b}' % (head, choices, encode(_used(done, self._call)))
        await self._call.answer(200, body, headers_of(begun))

    def _choice(self, at: int, reason: str) -> dict[str, object]:
        pieces = [piece for piece in self._pieces if piece.choice == at]
        text = "".join([piece.text for piece in pieces if isinstance(piece, TextPiece)])
        thought = "".join([piece.text for piece in pieces if isinstance(piece, ReasoningPiece)])
        calls = _calls([piece for piece in pieces if isinstance(piece, CallPiece)])
        message: dict[str, object] = {
            "role": "assistant",
            "content": text or (None if calls else ""),
            "refusal": None,
            "annotations": list[object](),
        }
        if thought:
            message["reasoning_content"] = thought
        if calls:
            message["tool_calls"] = calls
        return {"index": at, "message": message, "logprobs": None, "finish_reason": reason}


class _Stream:
    """Sends each piece as it comes. With `include_usage` the last chunk says what was used."""

    def __init__(self, call: Call, *, include_usage: bool) -> None:
        self._call = call
        self._include_usage = include_usage
        self._head = b""
        self._between = b""
        self._tail = b',"usage":null}\n\n' if include_usage else b"}\n\n"
        self._named: set[int] = set()
        self._is_raw = False

    def pass_on(self, chunks: Sequence[bytes]) -> Waits | None:
        """Send the choices of an engine that speaks the client's language, in our own chunks."""
        self._is_raw = True
        return self._call.put(b"%b%b%b" % (self._head, self._between.join(chunks), self._tail))

    async def tell(self, event: Event) -> None:
        """Take an event and send what it adds."""
        if isinstance(event, Begun):
            self._head = b"data: " + _head(event, b"chat.completion.chunk")
            self._between = self._tail + self._head
            await self._call.begin_stream(headers_of(event))
        elif isinstance(event, Done):
            await self._finish(event)
        else:
            await self._delta(event.choice, _delta(event))

    async def _finish(self, done: Done) -> None:
        if not self._is_raw:
            for at, reason in enumerate(done.finish_reasons):
                await self._delta(at, {}, reason)
        last = b""
        if self._include_usage:
            last = b'%b[],"usage":%b}\n\n' % (self._head, encode(_used(done, self._call)))
        await self._call.end(last + _DONE)

    async def _delta(self, choice: int, delta: dict[str, object], reason: str | None = None) -> None:
        if choice not in self._named:
            self._named.add(choice)
            await self._delta(choice, {"role": "assistant", "content": "", "refusal": None})
        said = {"index": choice, "delta": delta, "logprobs": None, "finish_reason": reason}
        await self._call.send(self._head + encode([said]) + self._tail)


def _calls(pieces: Sequence[CallPiece]) -> list[dict[str, object]]:
    """Put calls together; the first piece of each has its name."""
    arguments: defaultdict[int, str] = defaultdict(str)
    for piece in pieces:
        arguments[piece.at] += piece.arguments
    first = {piece.at: piece for piece in reversed(pieces)}
    return [
        {"id": first[at].id, "type": "function", "function": {"name": first[at].name, "arguments": given}}
        for at, given in arguments.items()
    ]


def usage_json(usage: Usage) -> dict[str, object]:
    """Return what was used as OpenAI tells it."""
    return {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.prompt + usage.completion,
        "prompt_tokens_details": {"cached_tokens": usage.cached, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning, "audio_tokens": 0},
    }


def _used(done: Done, call: Call) -> dict[str, object]:
    usage = usage_json(done.usage)
    if call.tells_cost and done.cost is not None:
        usage["cost"] = done.cost.model_dump()
    return usage


def _delta(event: TextPiece | ReasoningPiece | CallPiece) -> dict[str, object]:
    if isinstance(event, TextPiece):
        return {"content": event.text}
    if isinstance(event, ReasoningPiece):
        return {"reasoning_content": event.text}
    function: dict[str, object] = {"arguments": event.arguments}
    if not event.name:
        return {"tool_calls": [{"index": event.at, "function": function}]}
    named = {"id": event.id, "type": "function", "function": {"name": event.name} | function}
    return {"tool_calls": [{"index": event.at} | named]}


def _head(begun: Begun, kind: bytes) -> bytes:
    return b'{"id":"chatcmpl-%b","object":"%b","created":%d,"model":%b,"service_tier":"default","choices":' % (
        begun.stem.encode(),
        kind,
        int(begun.created.timestamp()),
        encode(begun.model),
    )
