"""A response on the wire, in OpenAI's shapes: one JSON object, or a stream of named events with a number each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from jindou.models.engines import Usage
from jindou.surfaces.http.v1.blocks import Block, Blocks, Piece
from jindou.surfaces.http.v1.decoding import Asked, encode
from jindou.surfaces.http.v1.events import Done, Failed
from jindou.surfaces.http.v1.responses_request import ResponsesRequest
from jindou.surfaces.http.v1.telling import told

__all__ = ["ResponseEvents", "Subject", "response"]

_Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Subject:
    """What a response is of: `id_` is its attempt in the ledger, `created` in seconds since 1970."""

    id_: str
    model: str
    created: int
    request: ResponsesRequest

    @property
    def stem(self) -> str:
        """Return what every id of the response ends with."""
        return self.id_.rpartition("_")[2]


def response(subject: Subject, pieces: Sequence[Piece], done: Done) -> bytes:
    """Return the answer to a request that is not streamed."""
    return encode(_ended(subject, Blocks(pieces), done))


class ResponseEvents:
    """Turns events into the bytes of a stream."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._blocks = Blocks()
        self._next = 0

    def of(self, event: Piece | Done | Failed, asked: Asked | None = None) -> bytes:
        """Return what an event adds to the stream; `asked` names fields as the client does."""
        return b"".join(self._numbered(made) for made in self._events(event, asked))

    def _events(self, event: Piece | Done | Failed, asked: Asked | None) -> Iterator[_Event]:
        if not self._next:
            begun = _whole(self._subject, "in_progress", [], None)
            yield {"type": "response.created", "response": begun}
            yield {"type": "response.in_progress", "response": begun}
        if isinstance(event, Failed):
            yield {"type": "response.failed", "response": self._failed(event, asked)}
        elif isinstance(event, Done):
            yield from self._end(event)
        else:
            step = self._blocks.add(event)
            if step.ended is not None:
                yield from self._block_end(step.ended, "completed")
            if step.has_begun:
                yield from self._block_begin(step.block)
            if step.text:
                yield self._of(step.block, _DELTAS[step.block.kind]) | {"delta": step.text}

    def _block_begin(self, block: Block) -> Iterator[_Event]:
        item = _item(block, self._subject.stem, "in_progress") | _EMPTY[block.kind]
        yield {"type": "response.output_item.added", "output_index": block.at, "item": item}
        if block.kind != "call":
            part = _part(block) | {"text": ""}
            yield self._of(block, "response.content_part.added") | {"part": part}

    def _block_end(self, block: Block, status: str) -> Iterator[_Event]:
        done = _DELTAS[block.kind].removesuffix("delta") + "done"
        if block.kind == "call":
            yield self._of(block, done) | {"name": block.name, "arguments": block.text}
        else:
            yield self._of(block, done) | {"text": block.text}
            yield self._of(block, "response.content_part.done") | {"part": _part(block)}
        item = _item(block, self._subject.stem, status)
        yield {"type": "response.output_item.done", "output_index": block.at, "item": item}

    def _end(self, done: Done) -> Iterator[_Event]:
        ended = _ended(self._subject, self._blocks, done)
        last = self._blocks.last
        if last is not None:
            yield from self._block_end(last, ended["status"])
        yield {"type": f"response.{ended['status']}", "response": ended}

    def _failed(self, event: Failed, asked: Asked | None) -> dict[str, Any]:
        said = told(event.error, asked)
        # The codes of a failed response are few; the message says what it was.
        code = "server_error" if said.is_ours else said.code or "invalid_prompt"
        output = [_item(block, self._subject.stem, "incomplete") for block in self._blocks.all]
        made = _whole(self._subject, "failed", output, None)
        return made | {"error": {"code": code, "message": said.message, "param": said.param}}

    def _of(self, block: Block, kind: str) -> _Event:
        made: _Event = {"type": kind, "item_id": _id(block, self._subject.stem), "output_index": block.at}
        if block.kind != "call":
            made["content_index"] = 0
        return made | ({"logprobs": []} if kind.startswith("response.output_text") else {})

    def _numbered(self, event: _Event) -> bytes:
        event["sequence_number"] = self._next
        self._next += 1
        return b"event: %b\ndata: %b\n\n" % (event["type"].encode(), encode(event))


_DELTAS = {
    "text": "response.output_text.delta",
    "reasoning": "response.reasoning_text.delta",
    "call": "response.function_call_arguments.delta",
}
_PREFIXES = {"text": "msg", "reasoning": "rs", "call": "fc"}
_EMPTY: dict[str, dict[str, Any]] = {"text": {"content": []}, "reasoning": {"content": []}, "call": {"arguments": ""}}


def _id(block: Block, stem: str) -> str:
    return f"{_PREFIXES[block.kind]}_{stem}_{block.at}"


def _part(block: Block) -> dict[str, Any]:
    if block.kind == "reasoning":
        return {"type": "reasoning_text", "text": block.text}
    return {"type": "output_text", "text": block.text, "annotations": [], "logprobs": []}


def _item(block: Block, stem: str, status: str) -> dict[str, Any]:
    head = {"id": _id(block, stem), "status": status}
    if block.kind == "call":
        return head | {"type": "function_call", "call_id": block.id, "name": block.name, "arguments": block.text}
    if block.kind == "reasoning":
        return head | {"type": "reasoning", "summary": [], "content": [_part(block)]}
    return head | {"type": "message", "role": "assistant", "content": [_part(block)]}


def _ended(subject: Subject, blocks: Blocks, done: Done) -> dict[str, Any]:
    """Return the whole response; one that was cut off is incomplete, and so is its last item."""
    reason = {"length": "max_output_tokens", "content_filter": "content_filter"}.get(done.finish_reasons[0])
    status = "completed" if reason is None else "incomplete"
    output = [_item(block, subject.stem, "completed") for block in blocks.all]
    if output:
        output[-1]["status"] = status
    made = _whole(subject, status, output, done.usage)
    return made | {"incomplete_details": None if reason is None else {"reason": reason}}


def _whole(subject: Subject, status: str, output: list[dict[str, Any]], usage: Usage | None) -> dict[str, Any]:
    request = subject.request
    form = request.text.format if request.text is not None else None
    return {
        "id": f"resp_{subject.stem}",
        "object": "response",
        "created_at": subject.created,
        "status": status,
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": request.instructions,
        "max_output_tokens": request.max_output_tokens,
        "max_tool_calls": request.max_tool_calls,
        "metadata": request.metadata or {},
        "model": subject.model,
        "output": output,
        "parallel_tool_calls": request.parallel_tool_calls is not False,
        "previous_response_id": None,
        "prompt_cache_key": request.prompt_cache_key,
        "reasoning": _plain(request.reasoning) if request.reasoning else {"effort": None, "summary": None},
        "safety_identifier": request.safety_identifier,
        "service_tier": "default",
        "store": False,
        "temperature": request.temperature,
        "text": {"format": _plain(form) if form is not None else {"type": "text"}},
        "tool_choice": _plain(request.tool_choice) if request.tool_choice is not None else "auto",
        "tools": _plain(request.tools or []),
        "top_logprobs": 0,
        "top_p": request.top_p,
        "truncation": "disabled",
        "usage": _usage(usage) if usage is not None else None,
        "user": request.user,
    }


def _plain(asked: object) -> Any:
    return msgspec.to_builtins(asked)


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "input_tokens": usage.prompt,
        "input_tokens_details": {"cached_tokens": usage.cached, "cache_write_tokens": 0},
        "output_tokens": usage.completion,
        "output_tokens_details": {"reasoning_tokens": getattr(usage, "reasoning", 0)},
        "total_tokens": usage.prompt + usage.completion,
    }
