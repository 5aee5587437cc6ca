import json
from typing import Any

import pytest
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter
from wire_events import BEGUN, CALLS, CALLS_DONE, STOPPED, USED, WORDS, named

from jindou.errors import Invalid, Unavailable
from jindou.models.completions import Done, TextPiece
from jindou.surfaces.http.v1.responses import ResponseShape, Subject
from jindou.surfaces.http.v1.responses_request import chat_of, read
from jindou.surfaces.http.v1.telling import told

GOOD: dict[str, Any] = {"model": "m", "input": "Hello"}
TOOL: dict[str, Any] = {"type": "function", "name": "get_weather", "parameters": {"type": "object"}, "strict": True}
EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)


def request(**change: Any) -> bytes:
    return json.dumps(GOOD | change).encode()


def chat(**change: Any) -> dict[str, Any]:
    return chat_of(read(request(**change))).body


def subject(**change: Any) -> Subject:
    return Subject(BEGUN, read(request(**change)))


def test_a_request_is_a_chat_request_in_other_words() -> None:
    assert chat(instructions="Be short.", max_output_tokens=9, temperature=0.5, prompt_cache_key="k", store=False) == {
        "model": "m",
        "messages": [{"role": "system", "content": "Be short."}, {"role": "user", "content": "Hello"}],
        "max_completion_tokens": 9,
        "temperature": 0.5,
        "prompt_cache_key": "k",
    }
    assert chat(stream=True)["stream_options"] == {"include_usage": True}


def test_the_items_of_a_conversation_are_its_messages() -> None:
    items: list[dict[str, Any]] = [
        {"role": "user", "content": [{"type": "input_text", "text": "Paris"}, {"type": "input_text", "text": "Rome"}]},
        {"type": "reasoning", "id": "rs_1", "summary": []},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "I look."}], "id": "m1"},
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}", "status": "completed"},
        {"type": "function_call", "call_id": "c2", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "Sunny"},
        {"type": "function_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "Rain"}]},
    ]
    asked = chat_of(read(request(input=items)))
    function = {"name": "f", "arguments": "{}"}
    assert asked.body["messages"] == [
        {"role": "user", "content": "Paris\nRome"},
        {
            "role": "assistant",
            "content": "I look.",
            "tool_calls": [{"id": id_, "type": "function", "function": function} for id_ in ("c1", "c2")],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "Sunny"},
        {"role": "tool", "tool_call_id": "c2", "content": "Rain"},
    ]
    assert asked.named("messages[1].content") == "input[2].content"
    assert asked.named("messages[1].tool_calls[1].function.arguments") == "input[4].arguments"
    assert asked.named("messages[3].content") == "input[6].content"


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("required", "required"),
        ({"type": "function", "name": "f"}, {"type": "function", "function": {"name": "f"}}),
        (
            {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "get_weather"}]},
            "auto",
        ),
    ],
)
def test_tools_and_the_choice_among_them_are_functions(choice: Any, expected: Any) -> None:
    body = chat(tools=[TOOL], tool_choice=choice)
    function = {"name": "get_weather", "parameters": {"type": "object"}, "strict": True}
    assert body["tools"] == [{"type": "function", "function": function}]
    assert body["tool_choice"] == expected


def test_tools_that_are_not_allowed_are_not_shown_and_errors_name_those_that_are() -> None:
    allowed = {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "get_weather"}]}
    asked = chat_of(read(request(tools=[TOOL | {"name": "other"}, TOOL], tool_choice=allowed)))
    assert [tool["function"]["name"] for tool in asked.body["tools"]] == ["get_weather"]
    assert asked.named("tools[0].function.parameters") == "tools[1].parameters"


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"type": "text"}, {"type": "text"}),
        ({"type": "json_object"}, {"type": "json_object"}),
        (
            {"type": "json_schema", "name": "n", "schema": {"type": "object"}, "strict": True},
            {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}, "strict": True}},
        ),
    ],
)
def test_a_format_of_answers_is_a_response_format(form: Any, expected: Any) -> None:
    assert chat(text={"format": form, "verbosity": "low"})["response_format"] == expected


@pytest.mark.parametrize(
    ("change", "field", "rule"),
    [
        ({"input": 1}, "input", "invalid_type"),
        ({"input": []}, "input", "invalid_value"),
        ({"input": [{"role": "robot", "content": "x"}]}, "input[0].role", "invalid_value"),
        ({"input": [{"role": "user", "content": 1}]}, "input[0].content", "invalid_type"),
        (
            {"input": [{"role": "user", "content": [{"type": "input_image"}]}]},
            "input[0].content[0].type",
            "invalid_value",
        ),
        ({"input": [{"type": "item_reference", "id": "x"}]}, "input[0].type", "invalid_value"),
        ({"input": [{"type": "function_call_output"}]}, "input[0].call_id", "missing_required_parameter"),
        ({"foo": 1}, "foo", "unknown_parameter"),
        ({"previous_response_id": "resp_1"}, "previous_response_id", "invalid_value"),
        ({"conversation": "conv_1"}, "conversation", "invalid_value"),
        ({"store": True}, "store", "invalid_value"),
        ({"background": True}, "background", "invalid_value"),
        ({"truncation": "auto"}, "truncation", "invalid_value"),
        ({"tools": [{"type": "web_search"}]}, "tools[0].type", "invalid_value"),
        ({"tool_choice": "always"}, "tool_choice", "invalid_value"),
        ({"text": {"format": {"type": "json_schema"}}}, "text.format.name", "missing_required_parameter"),
        ({"max_output_tokens": "9"}, "max_output_tokens", "invalid_type"),
        (
            {"tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "x"}]}},
            "tool_choice.tools",
            "invalid_value",
        ),
    ],
)
def test_a_field_that_is_wrong_is_named(change: dict[str, Any], field: str, rule: str) -> None:
    with pytest.raises(Invalid) as refused:
        chat(**change)
    assert (refused.value.field, refused.value.rule) == (field, rule)
    assert field in str(refused.value)


def test_what_the_chat_refuses_is_bodyby_the_name_that_the_client_used() -> None:
    asked = chat_of(read(request(instructions="Be short.", max_output_tokens=9)))
    assert asked.named("messages[0].content") == "instructions"
    assert asked.named("messages[1].content") == "input"
    with pytest.raises(Invalid) as refused, asked.naming():
        raise Invalid("max_completion_tokens is 9; there are 4.", field="max_completion_tokens", rule="at most 4")
    said = told(refused.value)
    assert (said.param, said.message) == ("max_output_tokens", "max_output_tokens is 9; there are 4.")


def test_a_response_has_its_items_and_what_was_asked() -> None:
    asked = subject(tools=[TOOL], instructions="Be short.", metadata={"a": "b"}, text={"format": {"type": "text"}})
    body = ResponseShape(asked).whole(CALLS, CALLS_DONE)
    assert json.loads(body)["store"] is False
    made = Response.model_validate_json(body)
    assert (made.id, made.status) == ("resp_1", "completed")
    assert made.output_text == "I look."
    assert [item.type for item in made.output] == ["message", "function_call", "function_call"]
    called = made.output[1]
    assert called.type == "function_call"
    assert (called.call_id, called.name, called.arguments) == ("call_1", "get_weather", '{"city": "Paris"}')
    assert made.usage is not None
    assert (made.usage.input_tokens, made.usage.output_tokens, made.usage.total_tokens) == (100, 7, 107)
    assert made.usage.input_tokens_details.cached_tokens == USED.cached
    assert (made.instructions, made.metadata) == ("Be short.", {"a": "b"})
    assert len({item.id for item in made.output}) == 3


def test_an_answer_that_was_cut_off_is_incomplete_and_says_why() -> None:
    made = Response.model_validate_json(ResponseShape(subject()).whole(WORDS, Done(USED, ("length",))))
    assert made.status == "incomplete"
    assert made.incomplete_details is not None
    assert made.incomplete_details.reason == "max_output_tokens"
    assert [item.type for item in made.output] == ["reasoning", "message"]


def test_a_stream_has_the_events_that_the_protocol_asks_for_in_their_order() -> None:
    stream = ResponseShape(subject(stream=True))
    events = named(stream.start() + b"".join(map(stream.of, [*WORDS, *CALLS[1:]])) + stream.end(CALLS_DONE))
    assert [event["type"].removeprefix("response.") for event in events] == [
        *("created", "in_progress"),
        *("output_item.added", "content_part.added", "reasoning_text.delta", "reasoning_text.delta"),
        *("reasoning_text.done", "content_part.done", "output_item.done"),
        *("output_item.added", "content_part.added", "output_text.delta", "output_text.delta"),
        *("output_text.done", "content_part.done", "output_item.done"),
        *("output_item.added", "function_call_arguments.delta", "function_call_arguments.delta"),
        *("function_call_arguments.done", "output_item.done"),
        *("output_item.added", "function_call_arguments.delta", "function_call_arguments.done", "output_item.done"),
        "completed",
    ]
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    for event in events:
        EVENT.validate_python(event)
    assert events[-1]["response"]["output"] == [
        event["item"] for event in events if event["type"] == "response.output_item.done"
    ]
    assert events[2]["item"]["content"] == []


def test_an_answer_of_nothing_is_a_whole_stream_too() -> None:
    stream = ResponseShape(subject())
    events = named(stream.start() + stream.end(STOPPED))
    assert [event["type"] for event in events] == ["response.created", "response.in_progress", "response.completed"]


def test_what_fails_in_the_middle_of_a_stream_is_a_failed_response() -> None:
    stream = ResponseShape(subject())
    stream.of(TextPiece("Good"))
    (event,) = named(stream.broken(Unavailable("The engine died.")))
    EVENT.validate_python(event)
    assert event["type"] == "response.failed"
    assert event["response"]["status"] == "failed"
    assert event["response"]["error"]["code"] == "server_error"
    assert event["response"]["error"]["message"] == "The engine died."
    assert event["response"]["output"][0]["status"] == "incomplete"
