"""What engines that speak HTTP say, in the pieces in which it comes."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest

from jindou.errors import JindouError, Limited
from jindou.models.completions import CallPiece, ReasoningPiece, TextPiece
from jindou.models.completions.relay import Relayed, refusal, relay_stream, relay_whole, spoken
from jindou.models.engines import Usage
from jindou.models.upstreams import ContextOverflow, EngineDied, EngineRefused, EngineUnavailable, Waits
from support.loose_server import CHUNKED, asked_reply, request_of, serving

USAGE = {"prompt_tokens": 20, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 8}}


def chunk(**fields: Any) -> bytes:
    return b"data: " + json.dumps({"id": "x", "model": "theirs"} | fields).encode() + b"\n\n"


def delta(text: str) -> bytes:
    return chunk(choices=[{"index": 0, "delta": {"content": text}, "finish_reason": None}])


def answered(body: bytes, *, cut: int, stream: bool = True) -> tuple[Relayed, list[bytes]]:
    """Have a server send `body` in pieces of `cut` bytes, relay it, and return the choices that were passed on."""
    began: list[None] = []
    passed: list[Sequence[bytes]] = []

    async def begin() -> None:
        await asyncio.sleep(0)
        assert not passed
        began.append(None)

    async def pass_late(chunks: Sequence[bytes]) -> None:
        await asyncio.sleep(0)
        passed.append(chunks)

    def pass_on(chunks: Sequence[bytes]) -> Waits | None:
        """Take every other piece at once."""
        if len(passed) % 2:
            return pass_late(chunks)
        passed.append(chunks)
        return None

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(CHUNKED)
        for at in range(0, len(body), cut):
            piece = body[at : at + cut]
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            await writer.drain()
            await asyncio.sleep(0)
        writer.write(b"0\r\n\r\n")
        writer.close()

    async def ask() -> Relayed:
        async with serving(handler) as (pool, upstream), asked_reply(pool, upstream) as reply:
            return await (relay_stream if stream else relay_whole)(reply, begin, pass_on)

    relayed = asyncio.run(ask())
    assert len(began) == 1
    return relayed, [choices for chunks in passed for choices in chunks]


@pytest.mark.parametrize("cut", [1, 7, 100_000])
@pytest.mark.parametrize("end", ["\n\n", "\r\n\r\n"])
def test_a_stream_is_passed_on_in_its_own_pieces_however_it_was_cut(cut: int, end: str) -> None:
    body = delta("你好") + b": a comment\n\n" + delta(", World") + chunk(choices=[], usage=USAGE) + b"data: [DONE]\n\n"
    relayed, passed = answered(body.replace(b"\n\n", end.encode()), cut=cut)
    assert relayed.usage == Usage(20, 8, 5)
    assert [spoken(choices) for choices in passed] == [([TextPiece("你好")], {}), ([TextPiece(", World")], {})]


def test_a_whole_answer_is_passed_on_with_what_it_used() -> None:
    message = {"role": "assistant", "content": "Hello"}
    body = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": USAGE}
    relayed, (choices,) = answered(json.dumps(body).encode(), cut=10, stream=False)
    assert relayed.usage == Usage(20, 8, 5)
    assert spoken(choices, whole=True) == ([TextPiece("Hello")], {0: "stop"})


def test_thoughts_and_calls_are_read_as_what_they_are() -> None:
    call = {"index": 1, "id": "c", "function": {"name": "f", "arguments": "{"}}
    more = {"index": 1, "function": {"arguments": "}"}}
    choices = [
        {"index": 0, "delta": {"reasoning_content": "Hm."}},
        {"index": 1, "delta": {"tool_calls": [call]}},
        {"index": 1, "delta": {"tool_calls": [more]}, "finish_reason": "tool_calls"},
    ]
    assert spoken(json.dumps(choices).encode()) == (
        [ReasoningPiece("Hm."), CallPiece(1, "c", "f", "{", 1), CallPiece(1, arguments="}", choice=1)],
        {1: "tool_calls"},
    )


@pytest.mark.parametrize(
    "body", [delta("Hello"), delta("Hello") + chunk(error={"message": "boom"}), b"data: nothing\n\n", b"<html>"]
)
def test_a_stream_without_its_end_is_an_engine_that_died(body: bytes) -> None:
    with pytest.raises(EngineDied):
        answered(body, cut=64)


def test_an_engine_that_does_not_say_what_it_used_leaves_that_unknown() -> None:
    relayed, _ = answered(delta("Hello") + b"data: [DONE]\n\n", cut=64)
    assert relayed.usage is None


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, {"type": "exceed_context_size_error", "n_prompt_tokens": 9000, "n_ctx": 8192}, ContextOverflow),
        (
            400,
            {"message": "maximum context length is 8192 tokens. However, you requested 9000 tokens"},
            ContextOverflow,
        ),
        (400, {"code": "context_length_exceeded", "message": "too long"}, EngineRefused),
        (400, {"message": "no"}, EngineRefused),
        (401, {"message": "Incorrect API key: sk-secret"}, EngineUnavailable),
        (429, "slow down", Limited),
        (500, None, EngineUnavailable),
    ],
)
def test_what_an_upstream_refuses_is_told_by_its_kind(status: int, error: object, kind: type[JindouError]) -> None:
    body = json.dumps({"error": error}).encode()

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body))
        writer.close()

    async def ask() -> JindouError | None:
        async with serving(handler) as (pool, upstream), asked_reply(pool, upstream) as reply:
            return await refusal(reply, upstream, "theirs")

    told = asyncio.run(ask())
    assert isinstance(told, kind)
    assert "sk-secret" not in str(told)
