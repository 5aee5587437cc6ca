"""What an engine made, and how a client reads the stream of it."""

import json
from datetime import UTC, datetime
from typing import Any

from jindou.models.completions import Begun, CallPiece, Done, ReasoningPiece, TextPiece
from jindou.models.engines import Usage

__all__ = ["BEGUN", "CALLS", "CALLS_DONE", "STOPPED", "USED", "WORDS", "named", "unnamed"]

BEGUN = Begun("att_1", "m", datetime(2026, 3, 2, 9, 0, tzinfo=UTC))
USED = Usage(prompt=100, cached=60, completion=7)
STOPPED = Done(USED, ("stop",))
CALLS_DONE = Done(USED, ("tool_calls",))
WORDS = [ReasoningPiece("Hm"), ReasoningPiece("m."), TextPiece("Good "), TextPiece("morning")]
CALLS = [
    TextPiece("I look."),
    CallPiece(0, "call_1", "get_weather", ""),
    CallPiece(0, "", "", '{"city": '),
    CallPiece(0, "", "", '"Paris"}'),
    CallPiece(1, "call_2", "get_weather", '{"city": "Rome"}'),
]


def named(stream: bytes) -> list[dict[str, Any]]:
    """Return the events of a stream in which each has a name, that of its type."""
    events: list[dict[str, Any]] = []
    for lines in stream.decode().split("\n\n")[:-1]:
        name, data = lines.split("\n")
        event = json.loads(data.removeprefix("data: "))
        assert name == f"event: {event['type']}"
        events.append(event)
    return events


def unnamed(stream: bytes) -> list[Any]:
    """Return the events of a stream whose end is `[DONE]`."""
    lines = [line.removeprefix("data: ") for line in stream.decode().split("\n\n")[:-1]]
    return [line if line == "[DONE]" else json.loads(line) for line in lines]
