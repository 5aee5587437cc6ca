"""What has been called since a person last spoke, and which tools still have something to do."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

from jindou.models.gateway.copying import candidates, is_listed, said_in
from jindou.models.gateway.types import CompletionAsk, ToolCall, ToolSchema
from jindou.models.gateway.wording import all_said, is_made_up

__all__ = ["asked_last", "calls_of_this_turn", "is_another", "may_follow", "tools_left"]


def calls_of_this_turn(messages: Sequence[Mapping[str, Any]]) -> list[ToolCall]:
    """Return the calls made since a person last spoke, the newest first."""
    made: list[ToolCall] = []
    for message in reversed(messages):
        if message.get("role") == "user":
            break
        made.extend(_call_from_openai(call["function"]) for call in message.get("tool_calls") or ())
    return made


def tools_left(ask: CompletionAsk) -> list[ToolSchema]:
    """Return the tools that may be called now: all of them, until one has been called in this turn.

    After that only those for which the person named a value that no call has used yet. A small model would otherwise
    repeat itself, or go on to what nobody asked for, a change of data included. With `follow_ups` those that have not
    been called are left, too.
    """
    made = calls_of_this_turn(ask.messages)
    if not made:
        return list(ask.tools)
    asked = asked_last(ask.messages)
    used = {value for call in made for value in call.arguments.values() if isinstance(value, str | int | float)}
    called = {call.name for call in made}
    return [tool for tool in ask.tools if _unused(tool, asked, used) or (ask.follow_ups and tool.name not in called)]


def may_follow(ask: CompletionAsk, call: ToolCall) -> bool:
    """Return whether `call` may be made now: its tool is left or, by a model that goes on, its values were said.

    A small model that has read a result would call the same tool again, with values that it makes up.
    """
    if any(tool.name == call.name for tool in tools_left(ask)):
        return True
    return ask.follow_ups and all_said(call.arguments, said_in(ask.messages))


def is_another(call: ToolCall, made: Sequence[ToolCall], said: str) -> bool:
    """Return whether `call` is for something else that was `said` than the calls of its tool in `made`.

    A small model that has begun to list calls goes on with values that it makes up.
    """
    same = [before.arguments for before in made if before.name == call.name]
    fresh = [value for name, value in call.arguments.items() if all(of.get(name) != value for of in same)]
    return not same or (bool(fresh) and not any(is_made_up(value, said) for value in fresh))


def asked_last(messages: Sequence[Mapping[str, Any]]) -> str:
    """Return what the person wrote last."""
    return next((str(m.get("content") or "") for m in reversed(messages) if m.get("role") == "user"), "")


def _unused(tool: ToolSchema, asked: str, used: set[str | int | float]) -> bool:
    properties = cast("dict[str, dict[str, Any]]", tool.parameters.get("properties", {}))
    return any(set(candidates(schema, asked)) - used for schema in properties.values() if is_listed(schema))


def _call_from_openai(function: Mapping[str, Any]) -> ToolCall:
    arguments = function["arguments"]
    return ToolCall(function["name"], json.loads(arguments) if isinstance(arguments, str) else dict(arguments))
