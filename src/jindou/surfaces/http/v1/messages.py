"""`/v1/messages`: the next message of a conversation, whole or as a stream of named events, in Anthropic's shapes."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Final

import msgspec
from typing_extensions import override

from jindou.errors import Corrupt
from jindou.models.completions import Asked, Begun, Done, ReasoningPiece
from jindou.models.engines import Usage
from jindou.surfaces.http.v1.blocks import Block, Blocks, Piece
from jindou.surfaces.http.v1.call import Call
from jindou.surfaces.http.v1.decoding import Chat, asked_of, encode
from jindou.surfaces.http.v1.headers import anthropic_limit_headers, warning_headers
from jindou.surfaces.http.v1.messages_request import MessagesRequest, chat_of, read
from jindou.surfaces.http.v1.telling import anthropic_error
from jindou.surfaces.http.v1.writers import Shape, tell_in

__all__ = ["MessageShape", "create"]

_REASONS: Final = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}
"""OpenAI's reasons for an end, as Anthropic calls them."""


async def create(call: Call) -> None:
    """Say the next message. What is used is in the ledger before the end is told, also if nobody listens."""
    holder = await call.holder()
    request, chat, asked = await call.read(partial(_read, call.header("anthropic-version")))
    shape = partial(MessageShape, shows_thoughts=request.shows_thoughts)
    with chat.naming():
        await call.make(holder, asked, tell_in(shape, call, stream=bool(request.stream)))


def _read(version: str, body: bytes) -> tuple[MessagesRequest, Chat, Asked]:
    request = read(body, version)
    chat = chat_of(request)
    return request, chat, asked_of(chat)._replace(thinks=request.shows_thoughts)


class MessageShape(Shape):
    """Tells a message. Thoughts are told only to a client that `shows_thoughts`."""

    def __init__(self, begun: Begun, *, shows_thoughts: bool = False) -> None:
        self._begun = begun
        self._head = _head(begun)
        self._shows_thoughts = shows_thoughts
        self._blocks = Blocks()

    @override
    def headers(self) -> dict[str, str]:
        begun = self._begun
        limits = anthropic_limit_headers(begun.limits, begun.created.timestamp())
        return {"request-id": begun.id} | warning_headers(begun.warnings) | limits

    @override
    def whole(self, pieces: Sequence[Piece], done: Done) -> bytes:
        blocks = Blocks(piece for piece in pieces if self._shows_thoughts or not isinstance(piece, ReasoningPiece))
        made = self._head | {
            "content": [_whole(block) for block in blocks.all],
            "stop_reason": _reason(done),
            "usage": _usage(done.usage),
        }
        return encode(made)

    @override
    def start(self) -> bytes:
        """Return the beginning of the stream.

        How many tokens the prompt has is known from the engine, with its end: `message_delta` has every figure.
        """
        begun = self._head | {"content": list[object](), "stop_reason": None, "usage": _usage(Usage())}
        return _event({"type": "message_start", "message": begun}) + _event({"type": "ping"})

    @override
    def of(self, piece: Piece) -> bytes:
        if isinstance(piece, ReasoningPiece) and not self._shows_thoughts:
            return b""
        return b"".join(map(_event, self._piece(piece)))

    @override
    def end(self, done: Done) -> bytes:
        last = self._blocks.last
        told = b"" if last is None else _event({"type": "content_block_stop", "index": last.at})
        delta = {"stop_reason": _reason(done), "stop_sequence": None}
        told += _event({"type": "message_delta", "delta": delta, "usage": _usage(done.usage)})
        return told + _event({"type": "message_stop"})

    @override
    def broken(self, error: Exception) -> bytes:
        return _event(anthropic_error(error)[1])

    def _piece(self, piece: Piece) -> Iterator[dict[str, Any]]:
        step = self._blocks.add(piece)
        if step.ended is not None:
            yield {"type": "content_block_stop", "index": step.ended.at}
        if step.has_begun:
            yield {"type": "content_block_start", "index": step.block.at, "content_block": _beginning(step.block)}
        if step.text:
            kind, field = _DELTAS[step.block.kind]
            yield {"type": "content_block_delta", "index": step.block.at, "delta": {"type": kind, field: step.text}}


_DELTAS: Final = {
    "text": ("text_delta", "text"),
    "reasoning": ("thinking_delta", "thinking"),
    "call": ("input_json_delta", "partial_json"),
}


def _event(content: dict[str, Any]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (str(content["type"]).encode(), encode(content))


def _head(begun: Begun) -> dict[str, Any]:
    return {
        "id": f"msg_{begun.stem}",
        "type": "message",
        "role": "assistant",
        "model": begun.model,
        "stop_sequence": None,
    }


def _reason(done: Done) -> str:
    return _REASONS.get(done.finish_reason, "end_turn")


def _beginning(block: Block) -> dict[str, Any]:
    if block.kind == "call":
        return {"type": "tool_use", "id": block.id, "name": block.name, "input": dict[str, object]()}
    if block.kind == "reasoning":
        return {"type": "thinking", "thinking": "", "signature": ""}
    return {"type": "text", "text": ""}


def _whole(block: Block) -> dict[str, Any]:
    if block.kind == "text":
        return {"type": "text", "text": block.text}
    if block.kind == "reasoning":
        return {"type": "thinking", "thinking": block.text, "signature": ""}
    return _beginning(block) | {"input": _input(block)}


def _input(block: Block) -> dict[str, Any]:
    try:
        return msgspec.json.decode(block.text or "{}", type=dict[str, Any])
    except msgspec.MsgspecError:
        raise Corrupt(f"The model called `{block.name}` with arguments that are no JSON object.") from None


def _usage(usage: Usage) -> dict[str, int]:
    """Return the figures; what came out of a cache is not among Anthropic's `input_tokens`."""
    return {
        "input_tokens": usage.prompt - usage.cached,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": usage.cached,
        "output_tokens": usage.completion,
    }
