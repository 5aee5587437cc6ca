"""`/v1/responses`: a response, whole or as a stream of named events with a number each, in OpenAI's shapes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from typing_extensions import override

from jindou.models.completions import Asked, Begun, Done
from jindou.models.engines import Usage
from jindou.surfaces.http.v1.blocks import Block, Blocks, Piece
from jindou.surfaces.http.v1.call import Call
from jindou.surfaces.http.v1.decoding import Chat, asked_of, encode
from jindou.surfaces.http.v1.headers import headers_of
from jindou.surfaces.http.v1.responses_request import ResponsesRequest, chat_of, read
from jindou.surfaces.http.v1.telling import told
from jindou.surfaces.http.v1.writers import Shape, tell_in

__all__ = ["ResponseShape", "Subject", "create"]

_Event = dict[str, Any]


async def create(call: Call) -> None:
    """Make a response. What is used is in the ledger before the end is told, also if nobody listens."""
    holder = await call.holder()
    request, chat, asked = await call.read(_read)

    def shape(begun: Begun) -> ResponseShape:
        return ResponseShape(Subject(begun, request))

    with chat.naming():
        await call.make(holder, asked, tell_in(shape, call, stream=bool(request.stream)))


def _read(body: bytes) -> tuple[ResponsesRequest, Chat, Asked]:
    request = read(body)
    chat = chat_of(request)
    return request, chat, asked_of(chat)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a response is of."""

    begun: Begun
    request: ResponsesRequest


class ResponseShape(Shape):
    """Tells a response."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._stem = subject.begun.stem
        self._blocks = Blocks()
        self._next = 0

    @override
    def headers(self) -> dict[str, str]:
        return headers_of(self._subject.begun)

    @override
    def whole(self, pieces: Sequence[Piece], done: Done) -> bytes:
        return encode(_ended(self._subject, Blocks(pieces), done))

    @override
    def start(self) -> bytes:
        begun = _whole(self._subject, "in_progress", [], None)
        kinds = ("response.created", "response.in_progress")
        return self._numbered({"type": kind, "response": begun} for kind in kinds)

    @override
    def of(self, piece: Piece) -> bytes:
        return self._numbered(self._piece(piece))

    @override
    def end(self, done: Done) -> bytes:
        return self._numbered(self._end(done))

    @override
    def broken(self, error: Exception) -> bytes:
        said = told(error)
        # The codes of a failed response are few; the message says what it was.
        code = "server_error" if said.is_ours else said.code or "invalid_prompt"
        output = [_item(block, self._stem, "incomplete") for block in self._blocks.all]
        failed = _whole(self._subject, "failed", output, None)
        failed["error"] = {"code": code, "message": said.message, "param": said.param}
        return self._numbered([{"type": "response.failed", "response": failed}])

    def _piece(self, piece: Piece) -> Iterator[_Event]:
        step = self._blocks.add(piece)
        if step.ended is not None:
            yield from self._block_end(step.ended, "completed")
        if step.has_begun:
            yield from self._block_begin(step.block)
        if step.text:
            yield self._of(step.block, _DELTAS[step.block.kind]) | {"delta": step.text}

    def _block_begin(self, block: Block) -> Iterator[_Event]:
        item = _item(block, self._stem, "in_progress") | _EMPTY[block.kind]
        yield {"type": "response.output_item.added", "output_index": block.at, "item": item}
        if block.kind != "call":
            yield self._of(block, "response.content_part.added") | {"part": _part(block) | {"text": ""}}

    def _block_end(self, block: Block, status: str) -> Iterator[_Event]:
        done = _DELTAS[block.kind].removesuffix("delta") + "done"
        if block.kind == "call":
            yield self._of(block, done) | {"name": block.name, "arguments": block.text}
        else:
            yield self._of(block, done) | {"text": block.text}
            yield self._of(block, "response.content_part.done") | {"part": _part(block)}
        item = _item(block, self._stem, status)
        yield {"type": "response.output_item.done", "output_index": block.at, "item": item}

    def _end(self, done: Done) -> Iterator[_Event]:
        ended = _ended(self._subject, self._blocks, done)
        last = self._blocks.last
        if last is not None:
            yield from self._block_end(last, ended["status"])
        yield {"type": f"response.{ended['status']}", "response": ended}

    def _of(self, block: Block, kind: str) -> _Event:
        made: _Event = {"type": kind, "item_id": _id(block, self._stem), "output_index": block.at}
        if block.kind != "call":
            made["content_index"] = 0
        return made | ({"logprobs": []} if kind.startswith("response.output_text") else {})

    def _numbered(self, events: Iterable[_Event]) -> bytes:
        lines: list[bytes] = []
        for event in events:
            numbered = event | {"sequence_number": self._next}
            self._next += 1
            lines.append(b"event: %b\ndata: %b\n\n" % (event["type"].encode(), encode(numbered)))
        return b"".join(lines)


_DELTAS: Final = {
    "text": "response.output_text.delta",
    "reasoning": "response.reasoning_text.delta",
    "call": "response.function_call_arguments.delta",
}
_PREFIXES: Final = {"text": "msg", "reasoning": "rs", "call": "fc"}
_EMPTY: Final[dict[str, dict[str, Any]]] = {
    "text": {"content": []},
    "reasoning": {"content": []},
    "call": {"arguments": ""},
}


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
    reason = {"length": "max_output_tokens", "content_filter": "content_filter"}.get(done.finish_reason)
    status = "completed" if reason is None else "incomplete"
    output = [_item(block, subject.begun.stem, "completed") for block in blocks.all]
    if output:
        output[-1]["status"] = status
    made = _whole(subject, status, output, done.usage)
    return made | {"incomplete_details": None if reason is None else {"reason": reason}}


def _whole(subject: Subject, status: str, output: list[dict[str, Any]], usage: Usage | None) -> dict[str, Any]:
    request = subject.request
    form = request.text.format if request.text is not None else None
    return {
        "id": f"resp_{subject.begun.stem}",
        "object": "response",
        "created_at": int(subject.begun.created.timestamp()),
        "status": status,
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": request.instructions,
        "max_output_tokens": request.max_output_tokens,
        "max_tool_calls": request.max_tool_calls,
        "metadata": request.metadata or {},
        "model": subject.begun.model,
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
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.prompt + usage.completion,
    }
