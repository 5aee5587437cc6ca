import json
from typing import Any

import pytest
from anthropic.types import Message, RawMessageStreamEvent
from pydantic import TypeAdapter
from wire_events import BEGUN, CALLS, CALLS_DONE, STOPPED, USED, WORDS, named

from jindou.errors import Corrupt, Invalid, Limited, Unavailable
from jindou.models.completions import CallPiece, Done, TextPiece
from jindou.surfaces.http.v1.messages import MessageShape
from jindou.surfaces.http.v1.messages_request import chat_of, read
from jindou.surfaces.http.v1.telling import anthropic_error

GOOD: dict[str, Any] = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hello"}]}
USE: dict[str, Any] = {"type": "tool_use", "id": "a", "name": "f", "input": {}}
TOOL: dict[str, Any] = {"name": "get_weather", "description": "Weather.", "input_schema": {"type": "object"}}
EVENT: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)


def chat(**change: Any) -> dict[str, Any]:
    return chat_of(read(json.dumps(GOOD | change).encode())).body


def asked(*messages: dict[str, Any]) -> list[dict[str, Any]]:
    return chat(messages=list(messages))["messages"]


def test_a_request_is_a_chat_request_in_other_words() -> None:
    assert chat(stop_sequences=["x"], temperature=0.5, metadata={"user_id": "u"}, system="Be short.") == {
        "model": "m",
        "messages": [{"role": "system", "content": "Be short."}, {"role": "user", "content": "Hello"}],
        "max_completion_tokens": 9,
        "stop": ["x"],
        "temperature": 0.5,
        "user": "u",
    }
    assert chat(stream=True)["stream_options"] == {"include_usage": True}


def test_blocks_of_text_are_joined() -> None:
    parts = [{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}, {"type": "text", "text": "b"}]
    assert chat(system=parts)["messages"][0] == {"role": "system", "content": "a\nb"}
    assert asked({"role": "user", "content": parts}) == [{"role": "user", "content": "a\nb"}]


def test_calls_and_their_results_keep_their_ids_and_order() -> None:
    use = {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}}
    results = [
        {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "Sunny"}]},
        {"type": "tool_result", "tool_use_id": "t2", "content": "No such city", "is_error": True},
        {"type": "text", "text": "And now?"},
    ]
    thought = {"type": "thinking", "thinking": "Hm", "signature": "s"}
    told = {"type": "text", "text": "I look."}
    assert asked({"role": "assistant", "content": [thought, told, use]}, {"role": "user", "content": results}) == [
        {
            "role": "assistant",
            "content": "I look.",
            "tool_calls": [{"id": "t1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}],
        },
        {"role": "tool", "tool_call_id": "t1", "content": "Sunny"},
        {"role": "tool", "tool_call_id": "t2", "content": "Error: No such city"},
        {"role": "user", "content": "And now?"},
    ]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"type": "auto"}, {"tool_choice": "auto"}),
        ({"type": "any", "disable_parallel_tool_use": True}, {"tool_choice": "required", "parallel_tool_calls": False}),
        ({"type": "none"}, {"tool_choice": "none"}),
        (
            {"type": "tool", "name": "get_weather"},
            {"tool_choice": {"type": "function", "function": {"name": "get_weather"}}},
        ),
    ],
)
def test_tools_and_the_choice_among_them_are_functions(choice: dict[str, Any], expected: dict[str, Any]) -> None:
    body = chat(tools=[TOOL], tool_choice=choice)
    function = {"name": "get_weather", "parameters": {"type": "object"}, "description": "Weather."}
    assert body["tools"] == [{"type": "function", "function": function}]
    assert {name: body[name] for name in expected} == expected


def test_a_format_of_answers_is_a_schema() -> None:
    form = {"format": {"type": "json_schema", "schema": {"type": "object"}}, "effort": "low"}
    assert chat(output_config=form)["response_format"]["json_schema"]["schema"] == {"type": "object"}


@pytest.mark.parametrize(
    ("change", "field", "rule"),
    [
        ({"max_tokens": None}, "max_tokens", "invalid_type"),
        ({"max_tokens": 0}, "max_tokens", "invalid_value"),
        ({"messages": "x"}, "messages", "invalid_type"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0].role", "invalid_value"),
        ({"messages": [{"role": "user", "content": 1}]}, "messages[0].content", "invalid_type"),
        ({"messages": [{"role": "user"}]}, "messages[0].content", "missing_required_parameter"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image"}]}]},
            "messages[0].content[0].type",
            "invalid_value",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "text", "text": "a", "x": 1}]}]},
            "messages[0].content[0].x",
            "unknown_parameter",
        ),
        ({"messages": [{"role": "assistant", "content": "He"}]}, "messages[0].role", "invalid_value"),
        ({"foo": 1}, "foo", "unknown_parameter"),
        ({"temperature": 1.5}, "temperature", "invalid_value"),
        ({"top_k": 5}, "top_k", "invalid_value"),
        ({"tools": [TOOL | {"name": "a b"}]}, "tools[0].name", "invalid_value"),
        ({"tools": [TOOL | {"name": "a\n"}]}, "tools[0].name", "invalid_value"),
        ({"tools": [{"name": "a"}]}, "tools[0].input_schema", "missing_required_parameter"),
        ({"tools": [TOOL | {"type": "web_search_20260209"}]}, "tools[0].type", "invalid_value"),
        ({"tool_choice": {"type": "tool"}}, "tool_choice.name", "missing_required_parameter"),
        ({"messages": [{"role": "user", "content": [USE]}]}, "messages[0].content[0].type", "invalid_value"),
    ],
)
def test_a_field_that_is_wrong_is_named(change: dict[str, Any], field: str, rule: str) -> None:
    with pytest.raises(Invalid) as refused:
        chat(**change)
    assert (refused.value.field, refused.value.rule) == (field, rule)
    assert field in str(refused.value)


@pytest.mark.parametrize("body", [b"", b"{", b"null", b"[]", b"\xff", b"[" * 100_000, b'{"model": NaN}'])
def test_a_body_that_is_no_request_is_refused(body: bytes) -> None:
    with pytest.raises(Invalid):
        read(body)


def test_the_newer_version_of_the_api_has_no_settings_of_sampling() -> None:
    body = json.dumps(GOOD | {"temperature": 0.5}).encode()
    assert read(body, "2023-06-01").temperature == 0.5
    with pytest.raises(Invalid) as refused:
        read(body, "2026-10-21")
    assert refused.value.field == "temperature"


def test_what_the_chat_refuses_is_told_by_the_name_that_the_client_used() -> None:
    messages: list[dict[str, Any]] = [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": [{"type": "text", "text": "x"}, USE]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a"}, {"type": "text", "text": "?"}]},
    ]
    body: dict[str, Any] = GOOD | {"system": "Be short.", "messages": messages, "tools": [TOOL]}
    request = chat_of(read(json.dumps(body).encode()))
    assert request.named("messages[0].content") == "system"
    assert request.named("messages[1].content") == "messages[0].content"
    assert request.named("messages[2].tool_calls[0].function.name") == "messages[1].content[1].name"
    assert request.named("messages[4].content") == "messages[2].content"
    assert request.named("tools[0].function.parameters") == "tools[0].input_schema"
    assert request.named("max_completion_tokens") == "max_tokens"
    assert request.named("response_format.json_schema.schema") == "output_config.format.schema"
    with pytest.raises(Invalid) as refused, request.naming():
        raise Invalid("max_completion_tokens is 9; there are 4.", field="max_completion_tokens", rule="at most 4")
    status, told = anthropic_error(refused.value)
    assert status == 400
    assert told == {
        "type": "error",
        "error": {"type": "invalid_request_error", "message": "max_tokens is 9; there are 4."},
    }


def test_a_message_has_its_blocks_and_its_usage_with_the_cache_apart() -> None:
    made = Message.model_validate_json(MessageShape(BEGUN).whole(CALLS, CALLS_DONE))
    assert (made.id, made.stop_reason) == ("msg_1", "tool_use")
    assert [block.type for block in made.content] == ["text", "tool_use", "tool_use"]
    called = made.content[1]
    assert called.type == "tool_use"
    assert (called.id, called.name, called.input) == ("call_1", "get_weather", {"city": "Paris"})
    assert (made.usage.input_tokens, made.usage.cache_read_input_tokens, made.usage.output_tokens) == (40, 60, 7)


@pytest.mark.parametrize("shows_thoughts", [False, True])
def test_thoughts_are_for_a_client_that_asked_for_them(*, shows_thoughts: bool) -> None:
    made = Message.model_validate_json(MessageShape(BEGUN, shows_thoughts=shows_thoughts).whole(WORDS, STOPPED))
    assert [block.type for block in made.content] == ["thinking", "text"][not shows_thoughts :]
    stream = MessageShape(BEGUN, shows_thoughts=shows_thoughts)
    told = named(stream.start() + b"".join(map(stream.of, WORDS)) + stream.end(STOPPED))
    begun = [event["content_block"]["type"] for event in told if event["type"] == "content_block_start"]
    assert begun == [block.type for block in made.content]


def test_a_stream_has_the_events_that_the_protocol_asks_for_in_their_order() -> None:
    stream = MessageShape(BEGUN)
    told = named(stream.start() + b"".join(map(stream.of, CALLS)) + stream.end(CALLS_DONE))
    assert [event["type"] for event in told] == [
        *("message_start", "ping"),
        *("content_block_start", "content_block_delta", "content_block_stop"),
        *("content_block_start", "content_block_delta", "content_block_delta", "content_block_stop"),
        *("content_block_start", "content_block_delta", "content_block_stop"),
        *("message_delta", "message_stop"),
    ]
    for event in told:
        if event["type"] != "ping":
            EVENT.validate_python(event)
    assert [event["index"] for event in told if event["type"] == "content_block_start"] == [0, 1, 2]
    parts = [event["delta"] for event in told if event.get("index") == 1 and event["type"] == "content_block_delta"]
    assert json.loads("".join(part["partial_json"] for part in parts)) == {"city": "Paris"}
    assert told[-2]["delta"] == {"stop_reason": "tool_use", "stop_sequence": None}
    assert told[-2]["usage"]["output_tokens"] == USED.completion


def test_an_answer_of_nothing_is_a_whole_stream_too() -> None:
    stream = MessageShape(BEGUN)
    told = named(stream.start() + stream.end(Done(USED, ("length",))))
    assert [event["type"] for event in told] == ["message_start", "ping", "message_delta", "message_stop"]
    assert told[2]["delta"]["stop_reason"] == "max_tokens"


def test_what_fails_in_the_middle_of_a_stream_is_an_event_of_its_own() -> None:
    stream = MessageShape(BEGUN)
    stream.of(TextPiece("Good"))
    (told,) = named(stream.broken(Unavailable("The engine died.")))
    assert told == {"type": "error", "error": {"type": "overloaded_error", "message": "The engine died."}}


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (Invalid("x"), 400, "invalid_request_error"),
        (Limited("x", retry_after=1), 429, "rate_limit_error"),
        (RuntimeError("secret"), 500, "api_error"),
    ],
)
def test_an_error_has_the_shape_and_the_words_of_the_protocol(error: Exception, status: int, kind: str) -> None:
    seen, told = anthropic_error(error)
    assert seen == status
    assert told["type"] == "error"
    assert isinstance(told["error"], dict)
    assert told["error"].keys() == {"type", "message"}
    assert told["error"]["type"] == kind
    assert "secret" not in str(told)


def test_arguments_that_are_no_object_are_not_told_as_a_call() -> None:
    with pytest.raises(Corrupt):
        MessageShape(BEGUN).whole([CallPiece(0, "c", "f", '{"a": ')], CALLS_DONE)
