"""A completion on the wire, in OpenAI's shapes: one JSON object, or chunks as server-sent events."""

import json
from collections.abc import Iterator, Sequence

from jindou.models.completions import CallsMade, Done, Failed, MadeCall, TextPiece, Ticket
from jindou.models.engines import Usage
from jindou.surfaces.openai_errors import openai_error

__all__ = ["Chunks", "whole"]


def whole(ticket: Ticket, events: Sequence[TextPiece | CallsMade], done: Done) -> dict[str, object]:
    """Return the answer to a request that is not streamed."""
    text = "".join(event.text for event in events if isinstance(event, TextPiece))
    calls = [call for event in events if isinstance(event, CallsMade) for call in event.calls]
    message: dict[str, object] = {
        "role": "assistant",
        "content": text or (None if calls else ""),
        "refusal": None,
        "annotations": list[object](),
    }
    if calls:
        message["tool_calls"] = [_call(call, call.arguments) for call in calls]
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": done.finish_reason}
    return _head(ticket, "chat.completion") | {"choices": [choice], "usage": _usage(done.usage)}


class Chunks:
    """Turns events into the lines of a stream. With `include_usage` the last chunk says what was used."""

    def __init__(self, ticket: Ticket, *, include_usage: bool) -> None:
        self._head = _head(ticket, "chat.completion.chunk")
        self._include_usage = include_usage
        self._begun = False

    def of(self, event: TextPiece | CallsMade | Done | Failed) -> Iterator[str]:
        """Yield what an event adds to the stream."""
        if isinstance(event, Failed):
            yield _line(openai_error(event.error)[1])
            return
        if not self._begun:
            self._begun = True
            yield self._chunk({"role": "assistant", "content": "", "refusal": None})
        if isinstance(event, TextPiece):
            yield self._chunk({"content": event.text})
        elif isinstance(event, CallsMade):
            for at, call in enumerate(event.calls):
                yield self._chunk({"tool_calls": [{"index": at, **_call(call, "")}]})
                yield self._chunk({"tool_calls": [{"index": at, "function": {"arguments": call.arguments}}]})
        else:
            yield self._chunk({}, event.finish_reason)
            if self._include_usage:
                yield _line(self._head | {"choices": list[object](), "usage": _usage(event.usage)})
            yield "data: [DONE]\n\n"

    def _chunk(self, delta: dict[str, object], finish_reason: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        usage = {"usage": None} if self._include_usage else {}
        return _line(self._head | {"choices": [choice]} | usage)


def _head(ticket: Ticket, kind: str) -> dict[str, object]:
    return {
        "id": f"chatcmpl-{ticket.id.rpartition('_')[2]}",
        "object": kind,
        "created": int(ticket.created.timestamp()),
        "model": ticket.model,
        "service_tier": "default",
    }


def _call(call: MadeCall, arguments: str) -> dict[str, object]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _usage(usage: Usage) -> dict[str, object]:
    return {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.prompt + usage.completion,
        "prompt_tokens_details": {"cached_tokens": usage.cached, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    }


def _line(content: dict[str, object]) -> str:
    # Escaped, since a piece of text may end in half a surrogate pair, which has no UTF-8.
    return f"data: {json.dumps(content)}\n\n"
