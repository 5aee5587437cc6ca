"""A message on the wire, in Anthropic's shapes: one JSON object, or a stream of named events."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from jindou.errors import Corrupt
from jindou.models.engines import Usage
from jindou.surfaces.http.v1.blocks import Block, Blocks, Piece
from jindou.surfaces.http.v1.decoding import Asked, encode
from jindou.surfaces.http.v1.events import Done, Failed, ReasoningPiece
from jindou.surfaces.http.v1.telling import anthropic_error

__all__ = ["PING", "MessageEvents", "message"]

_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}
"""OpenAI's reasons for an end, as Anthropic calls them."""


def message(id_: str, model: str, pieces: Sequence[Piece], done: Done, *, shows_thoughts: bool = False) -> bytes:
    """Return the answer to a request that is not streamed.

    Raises:
        Corrupt: the arguments of a call are no JSON object.
    """
    blocks = Blocks(piece for piece in pieces if shows_thoughts or not isinstance(piece, ReasoningPiece))
    made = _head(id_, model) | {
        "content": [_whole(block) for block in blocks.all],
        "stop_reason": _reason(done),
        "usage": _usage(done.usage),
    }
    return encode(made)


class MessageEvents:
    """Turns events into the bytes of a stream. Thoughts are told only to a client that `shows_thoughts`."""

    def __init__(self, id_: str, model: str, *, shows_thoughts: bool = False) -> None:
        self._head = _head(id_, model)
        self._shows_thoughts = shows_thoughts
        self._blocks = Blocks()
        self._begun = False

    def of(self, event: Piece | Done | Failed, asked: Asked | None = None) -> bytes:
        """Return what an event adds to the stream; `asked` names fields as the client does."""
        if isinstance(event, Failed):
            return _event(anthropic_error(event.error, asked)[1])
        told = b"" if self._begun else self._start()
        if isinstance(event, Done):
            return told + b"".join(map(_event, self._end(event)))
        if isinstance(event, ReasoningPiece) and not self._shows_thoughts:
            return told
        return told + b"".join(map(_event, self._piece(event)))

    def _start(self) -> bytes:
        # How many tokens the prompt has is known from the engine, with its end: `message_delta` has every figure.
        self._begun = True
        begun = self._head | {"content": list[object](), "stop_reason": None, "usage": _usage(Usage())}
        return _event({"type": "message_start", "message": begun}) + PING

    def _piece(self, piece: Piece) -> Iterator[dict[str, Any]]:
        step = self._blocks.add(piece)
        if step.ended is not None:
            yield {"type": "content_block_stop", "index": step.ended.at}
        if step.has_begun:
            yield {"type": "content_block_start", "index": step.block.at, "content_block": _beginning(step.block)}
        if step.text:
            delta = {"type": _DELTAS[step.block.kind][0], _DELTAS[step.block.kind][1]: step.text}
            yield {"type": "content_block_delta", "index": step.block.at, "delta": delta}

    def _end(self, done: Done) -> Iterator[dict[str, Any]]:
        last = self._blocks.last
        if last is not None:
            yield {"type": "content_block_stop", "index": last.at}
        delta = {"stop_reason": _reason(done), "stop_sequence": None}
        yield {"type": "message_delta", "delta": delta, "usage": _usage(done.usage)}
        yield {"type": "message_stop"}


_DELTAS = {
    "text": ("text_delta", "text"),
    "reasoning": ("thinking_delta", "thinking"),
    "call": ("input_json_delta", "partial_json"),
}


def _event(content: dict[str, Any]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (str(content["type"]).encode(), encode(content))


PING = _event({"type": "ping"})
"""Says that the connection lives."""


def _head(id_: str, model: str) -> dict[str, Any]:
    return {
        "id": f"msg_{id_.rpartition('_')[2]}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "stop_sequence": None,
    }


def _reason(done: Done) -> str:
    return _REASONS.get(done.finish_reasons[0], "end_turn")


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
