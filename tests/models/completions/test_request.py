import contextlib
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from jindou.errors import Invalid
from jindou.models.completions import ChatRequest

GOOD: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Good morning"}]}


def refused(change: dict[str, Any]) -> tuple[str, str]:
    with pytest.raises(Invalid) as error:
        ChatRequest.read(json.dumps(GOOD | change).encode())
    return error.value.field, error.value.rule


@pytest.mark.parametrize(
    ("change", "field", "rule"),
    [
        ({"model": 1}, "model", "invalid_type"),
        ({"messages": "x"}, "messages", "invalid_type"),
        ({"messages": [{"role": "user", "content": 1}]}, "messages[0].content", "invalid_type"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0].role", "invalid_value"),
        ({"messages": [{"content": "x"}]}, "messages[0].role", "missing_required_parameter"),
        ({"frobnicate": 1}, "frobnicate", "unknown_parameter"),
        ({"n": 0}, "n", "invalid_value"),
        ({"store": True}, "", "invalid_value"),
        ({"max_tokens": 1, "max_completion_tokens": 9}, "", "invalid_value"),
        ({"tool_choice": {"type": "function"}}, "tool_choice.function", "missing_required_parameter"),
        ({"logit_bias": {"5": 101}}, "logit_bias[...]", "invalid_value"),
    ],
)
def test_what_breaks_a_rule_is_named(change: dict[str, Any], field: str, rule: str) -> None:
    assert refused(change) == (field, rule)


@pytest.mark.parametrize("body", [b"", b"{", b"null", b"\xff", b"[" * 100_000, b'{"model": NaN}', b'"\\ud800"'])
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(Invalid):
        ChatRequest.read(body)


def test_plain_values_make_the_same_request_as_their_json() -> None:
    asked = GOOD | {"stop": ["a", "b"], "temperature": 1, "stream_options": {"include_usage": True}}
    request = ChatRequest.of(asked)
    assert request == ChatRequest.read(json.dumps(asked).encode())
    assert (request.stops, request.includes_usage, request.temperature) == (("a", "b"), True, 1.0)


def test_a_call_that_was_cut_off_does_not_end_its_conversation() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"city": "Ber'}}
    request = ChatRequest.of(GOOD | {"messages": [*GOOD["messages"], {"role": "assistant", "tool_calls": [call]}]})
    assert request.messages[1].tool_calls is not None
    assert request.messages[1].tool_calls[0].function.arguments == "{}"


def test_calls_and_results_of_tools_are_read() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": ""}}
    messages = [*GOOD["messages"], {"role": "assistant", "tool_calls": [call]}]
    messages.append({"role": "tool", "tool_call_id": "c", "content": [{"type": "text", "text": "Sunny"}]})
    request = ChatRequest.of(GOOD | {"messages": messages})
    assert request.messages[1].tool_calls is not None
    assert request.messages[1].tool_calls[0].function.arguments == "{}"


JSON = some.recursive(
    some.none() | some.booleans() | some.integers(-(10**25), 10**25) | some.floats(allow_nan=False) | some.text(),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


FIELDS = (*GOOD, "tools", "tool_choice", "stop", "seed", "response_format", "logit_bias", "stream_options")


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(change=some.dictionaries(some.sampled_from(FIELDS), JSON, max_size=3))
def test_any_json_is_read_or_refused_by_name(change: dict[str, Any]) -> None:
    with contextlib.suppress(Invalid):
        ChatRequest.read(json.dumps(GOOD | change).encode())


def test_a_call_may_have_to_be_made_of_any_tool_or_of_one() -> None:
    tools = [{"type": "function", "function": {"name": "f"}}]
    named = {"type": "function", "function": {"name": "f"}}
    for choice, has_to in (("auto", False), ("none", False), ("required", True), (named, True)):
        assert ChatRequest.of(GOOD | {"tools": tools, "tool_choice": choice}).has_to_call is has_to


@pytest.mark.parametrize(
    ("asked", "thinks"),
    [
        ({}, None),
        ({"enable_thinking": False}, False),
        ({"chat_template_kwargs": {"enable_thinking": True}}, True),
        ({"chat_template_kwargs": {"enable_thinking": "false"}}, False),
        ({"chat_template_kwargs": {"other": 1}}, None),
        ({"reasoning_effort": "none"}, False),
        ({"reasoning_effort": "high"}, True),
    ],
)
def test_whether_a_model_thinks_is_said_in_several_ways(asked: dict[str, Any], thinks: bool | None) -> None:  # noqa: FBT001 - pytest fills it in
    assert ChatRequest.of(GOOD | asked).thinks is thinks
