"""The harness with the tools of any client: several calls at once, a choice of tools that is held to, and restraint."""

import json
from collections.abc import Sequence

import pytest

from jindou.models.gateway import Completion, CompletionAsk, ToolCall, ToolSchema, complete
from models.gateway.scripted import Writer

WEATHER = ToolSchema(
    "get_weather",
    "Get the weather forecast of a city.",
    {
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": "The city, such as Berlin."},
            "days": {"type": "integer", "description": "How many days ahead."},
        },
        "required": ["city"],
    },
)
TAX = ToolSchema(
    "calculate_tax",
    "Calculate the sales tax on an amount.",
    {"type": "object", "properties": {"amount": {"type": "number"}}, "required": ["amount"]},
)
BERLIN = ToolCall("get_weather", {"city": "Berlin"})
PARIS = ToolCall("get_weather", {"city": "Paris"})
SURE, UNSURE = (-0.001, -9.0), (-2.5, -1.0)
SAID = '[{"function": "say", "arguments": {"text": "I can\'t."}}]'


def calls(*made: ToolCall) -> str:
    return json.dumps([{"function": call.name, "arguments": call.arguments} for call in made])


def ask(
    request: str = "What is the weather forecast for the city of Berlin and for Paris?",
    tools: Sequence[ToolSchema] = (WEATHER, TAX),
    *,
    most_calls: int = 8,
    must_call: bool = False,
    answer_only: bool = False,
) -> CompletionAsk:
    messages = [{"role": "user", "content": request}]
    return CompletionAsk(
        messages, tools, must_call=must_call, answer_only=answer_only, full=True, most_calls=most_calls
    )


def codes(completion: Completion) -> list[str]:
    return [notice.code for notice in completion.notices]


def test_several_calls_come_from_one_request() -> None:
    completion = complete(Writer(calls(BERLIN, PARIS), sure=SURE), ask())
    assert (completion.calls, completion.requests, completion.finish_reason) == ((BERLIN, PARIS), 1, "calls")


def test_the_same_call_twice_is_made_once() -> None:
    assert complete(Writer(calls(BERLIN, BERLIN), sure=SURE), ask()).calls == (BERLIN,)


def test_no_more_calls_are_made_than_the_client_allows() -> None:
    engine = Writer(calls(BERLIN, PARIS), sure=SURE)
    assert complete(engine, ask(most_calls=1)).calls == (BERLIN,)
    assert engine.requests[0].json_schema is not None
    assert '"maxItems": 1' in json.dumps(engine.requests[0].json_schema)


def test_the_model_is_shown_what_a_tool_says_of_its_parameters() -> None:
    engine = Writer(calls(BERLIN), sure=SURE)
    complete(engine, ask())
    system = str(engine.requests[0].messages[0]["content"])
    assert "  city: string - The city, such as Berlin." in system
    assert "  days?: integer - How many days ahead." in system


def test_calls_and_their_results_are_shown_as_the_model_would_write_them() -> None:
    functions = [{"name": call.name, "arguments": json.dumps(call.arguments)} for call in (BERLIN, PARIS)]
    messages: list[dict[str, object]] = [
        {"role": "user", "content": "Weather in Berlin and Paris?"},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "function": f} for f in functions]},
        {"role": "tool", "tool_call_id": "1", "content": "Rain."},
    ]
    engine = Writer(SAID)
    assert complete(engine, CompletionAsk(messages, [WEATHER], full=True, most_calls=8)).text == "I can't."
    assert engine.requests[0].messages[2]["content"] == calls(BERLIN, PARIS)


def test_a_call_that_has_to_be_made_is_the_only_thing_that_can_be_written() -> None:
    engine = Writer(calls(BERLIN), sure=UNSURE)
    completion = complete(engine, ask("Tell me a joke.", must_call=True))
    assert completion.calls == (BERLIN,)
    assert '"say"' not in json.dumps(engine.requests[0].json_schema)


def test_a_tool_that_was_named_is_the_only_one_that_can_be_called() -> None:
    engine = Writer(calls(BERLIN), sure=UNSURE)
    assert complete(engine, ask("Tell me a joke.", [WEATHER], must_call=True)).calls == (BERLIN,)
    shape = json.dumps(engine.requests[0].json_schema)
    assert '"get_weather"' in shape
    assert '"calculate_tax"' not in shape
    assert '"say"' not in shape


def test_a_model_that_may_call_nothing_is_offered_nothing() -> None:
    engine = Writer(SAID)
    completion = complete(engine, ask(answer_only=True))
    assert (completion.text, completion.calls) == ("I can't.", ())
    assert '"get_weather"' not in json.dumps(engine.requests[0].json_schema)


def test_a_call_that_shares_nothing_with_the_request_becomes_an_answer() -> None:
    engine = Writer(calls(ToolCall("calculate_tax", {"amount": 7})), SAID, sure=UNSURE)
    told: list[str] = []
    completion = complete(engine, ask("Who wrote Hamlet?"), on_text=told.append)
    assert (completion.text, completion.calls, codes(completion)) == ("I can't.", (), ["declined_call"])
    assert "".join(told) == "I can't."
    assert "calculate_tax" in completion.notices[0].detail


def test_a_call_that_nobody_asked_for_goes_and_the_other_stays() -> None:
    engine = Writer(calls(BERLIN, ToolCall("calculate_tax", {"amount": 7000})), sure=SURE)
    completion = complete(engine, ask("What is the weather forecast for the city of Berlin?"))
    assert (completion.calls, codes(completion)) == ((BERLIN,), ["declined_call"])


def test_without_word_of_how_sure_the_model_was_what_is_shared_decides() -> None:
    assert complete(Writer(calls(BERLIN)), ask("Weather forecast for the city of Berlin?")).calls == (BERLIN,)
    declined = complete(Writer(calls(ToolCall("calculate_tax", {"amount": 7})), SAID), ask("Who wrote Hamlet?"))
    assert declined.calls == ()


def test_a_request_in_other_letters_than_the_tools_is_judged_by_how_sure_the_model_is() -> None:
    engine = Writer(calls(ToolCall("get_weather", {"city": "柏林"})), sure=SURE)
    assert complete(engine, ask("柏林的天气怎么样？")).calls == (ToolCall("get_weather", {"city": "柏林"}),)


def test_a_follow_up_is_about_what_was_said_before() -> None:
    messages: list[dict[str, object]] = [
        {"role": "user", "content": "What is the weather forecast for the city of Berlin?"},
        {"role": "assistant", "content": "Rain."},
        {"role": "user", "content": "And Paris?"},
    ]
    engine = Writer(calls(PARIS), sure=SURE)
    assert complete(engine, CompletionAsk(messages, [WEATHER], full=True, most_calls=8)).calls == (PARIS,)


@pytest.mark.parametrize("wrong", ["[]", "[1]", '[{"function": "explode", "arguments": {}}]', '[{"function": 7}]'])
def test_a_list_that_holds_no_good_call_is_repaired(wrong: str) -> None:
    completion = complete(Writer(wrong, calls(BERLIN), sure=SURE), ask())
    assert (completion.calls, codes(completion)) == ((BERLIN,), ["repaired_call"])


def test_something_said_by_chance_where_a_call_was_asked_for_becomes_the_call() -> None:
    told: list[str] = []
    engine = Writer(SAID, calls(BERLIN), sure=(-9.0, -9.0), later_sure=SURE)
    completion = complete(engine, ask("What is the weather forecast for the city of Berlin?"), on_text=told.append)
    assert (completion.calls, completion.text, codes(completion), told) == ((BERLIN,), "", ["repaired_call"], [])
    assert '"say"' not in json.dumps(engine.requests[1].json_schema)


def test_something_said_stays_if_the_call_in_its_place_does_not_stand() -> None:
    told: list[str] = []
    engine = Writer(SAID, calls(ToolCall("calculate_tax", {"amount": 7})), sure=(-9.0, -9.0), later_sure=UNSURE)
    completion = complete(engine, ask("What is the weather forecast for the city of Berlin?"), on_text=told.append)
    assert (completion.text, completion.calls, "".join(told)) == ("I can't.", (), "I can't.")


def test_something_said_on_purpose_stays() -> None:
    told: list[str] = []
    engine = Writer('[{"function": "say", "arguments": {"text": "You are welcome."}}]', sure=(-0.01, -0.01))
    completion = complete(engine, ask("Thanks for the help!"), on_text=told.append)
    assert (completion.text, completion.requests) == ("You are welcome.", 1)
    assert len(told) > 1


def test_what_a_model_makes_up_for_an_optional_parameter_is_left_out() -> None:
    unit = {"type": "string", "enum": ["celsius", "fahrenheit"]}
    properties = {"city": {"type": "string"}, "unit": unit}
    tool = ToolSchema(
        "get_weather", "Get the weather of a city.", {"properties": properties, "required": ["city"], "type": "object"}
    )
    engine = Writer(calls(ToolCall("get_weather", {"city": "Berlin", "unit": "fahrenheit"})), sure=SURE)
    assert complete(engine, ask("What is the weather in the city of Berlin?", [tool])).calls == (BERLIN,)
