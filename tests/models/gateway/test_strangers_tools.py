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
SURE, UNSURE = (-0.001, 0.9), (-2.5, 0.3)
SAID = '[{"name": "say", "arguments": {"text": "I can\'t."}}]'


def calls(*made: ToolCall) -> str:
    return json.dumps([{"name": call.name, "arguments": call.arguments} for call in made])


def ask(
    request: str = "What is the weather forecast for the city of Berlin?",
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


BOTH = "What is the weather forecast for the city of Berlin and for Paris?"


def test_what_is_asked_first_is_what_the_models_own_template_makes_of_the_tools() -> None:
    engine = Writer(calls(BERLIN), sure=SURE)
    complete(engine, ask(tools=[WEATHER]))
    request = engine.requests[0]
    system = str(request.messages[0]["content"])
    assert (request.json_schema, request.tools) == (None, ())
    function = {"name": WEATHER.name, "description": WEATHER.description, "parameters": WEATHER.parameters}
    assert f"<tools>\n{json.dumps({'type': 'function', 'function': function})}\n</tools>" in system


def test_instructions_come_before_the_tools() -> None:
    messages: list[dict[str, object]] = [
        {"role": "system", "content": "You are a weather man."},
        {"role": "user", "content": "What is the weather forecast for the city of Berlin?"},
    ]
    engine = Writer(calls(BERLIN), sure=SURE)
    complete(engine, CompletionAsk(messages, [WEATHER], full=True))
    assert str(engine.requests[0].messages[0]["content"]).startswith("You are a weather man.\n\n# Tools")


@pytest.mark.parametrize("form", ["```json\n{}\n```", "<tool_call>\n{}\n</tool_call>", "{}"])
def test_a_call_counts_in_whatever_form_it_is_written(form: str) -> None:
    one = json.dumps({"name": "get_weather", "arguments": {"city": "Berlin"}})
    completion = complete(Writer(form.replace("{}", one), sure=SURE), ask())
    assert (completion.calls, completion.requests, completion.text) == ((BERLIN,), 1, "")


def test_several_calls_come_from_one_request() -> None:
    completion = complete(Writer(calls(BERLIN, PARIS), sure=SURE), ask(BOTH))
    assert (completion.calls, completion.requests, completion.finish_reason) == ((BERLIN, PARIS), 1, "calls")


def test_a_model_that_stops_at_the_first_of_several_calls_is_asked_for_the_others() -> None:
    engine = Writer(calls(BERLIN), calls(PARIS), sure=SURE)
    completion = complete(engine, ask(BOTH))
    assert (completion.calls, completion.requests) == ((BERLIN, PARIS), 2)
    shape = json.dumps(engine.requests[1].json_schema)
    assert '"maxItems": 8' in shape
    assert '"say"' not in shape


def test_to_be_asked_for_the_others_nothing_is_read_again() -> None:
    engine = Writer(calls(BERLIN), calls(PARIS), sure=SURE)
    complete(engine, ask(BOTH))
    first, second = (list(request.messages) for request in engine.requests)
    assert second[: len(first) + 1] == [*first, {"role": "assistant", "content": calls(BERLIN)}]


def test_the_others_may_be_listed_with_the_first() -> None:
    assert complete(Writer(calls(BERLIN), calls(BERLIN, PARIS), sure=SURE), ask(BOTH)).calls == (BERLIN, PARIS)


def test_further_calls_that_use_no_more_of_what_was_said_are_not_made() -> None:
    again = ToolCall("get_weather", {"city": "Berlin", "days": 3})
    assert complete(Writer(calls(BERLIN), calls(BERLIN, again), sure=SURE), ask(BOTH)).calls == (BERLIN,)
    assert complete(Writer(calls(BERLIN), "[", sure=SURE), ask(BOTH)).calls == (BERLIN,)


def test_further_calls_with_made_up_values_are_not_made() -> None:
    others = [ToolCall("get_weather", {"city": city}) for city in ("Madrid", "Rome")]
    assert complete(Writer(calls(BERLIN), calls(PARIS, *others), sure=SURE), ask(BOTH)).calls == (BERLIN, PARIS)


def test_a_client_that_wants_one_call_at_a_time_is_given_the_first() -> None:
    completion = complete(Writer(calls(BERLIN), sure=SURE), ask(BOTH, most_calls=1))
    assert (completion.calls, completion.requests) == ((BERLIN,), 1)


def test_the_same_call_twice_is_made_once() -> None:
    assert complete(Writer(calls(BERLIN, BERLIN), sure=SURE), ask()).calls == (BERLIN,)


def test_no_more_calls_are_made_than_the_client_allows() -> None:
    assert complete(Writer(calls(BERLIN, PARIS), sure=SURE), ask(BOTH, most_calls=1)).calls == (BERLIN,)
    engine = Writer(calls(BERLIN), sure=SURE)
    complete(engine, ask(BOTH, most_calls=1, must_call=True))
    assert '"maxItems": 1' in json.dumps(engine.requests[0].json_schema)


def test_calls_and_their_results_are_shown_as_the_model_would_write_them() -> None:
    functions = [{"name": call.name, "arguments": json.dumps(call.arguments)} for call in (BERLIN, PARIS)]
    messages: list[dict[str, object]] = [
        {"role": "user", "content": "Weather in Berlin and Paris?"},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "function": f} for f in functions]},
        {"role": "tool", "tool_call_id": "1", "content": "Rain."},
    ]
    engine = Writer("It rains.")
    assert complete(engine, CompletionAsk(messages, [WEATHER], full=True, most_calls=8)).text == "It rains."
    shown = [json.dumps({"name": call.name, "arguments": call.arguments}) for call in (BERLIN, PARIS)]
    told = "\n".join(f"<tool_call>\n{call}\n</tool_call>" for call in shown)
    assert engine.requests[0].messages[2]["content"] == told


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
    completion = complete(engine, ask())
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


EXPLODE = '{"name": "explode", "arguments": {"city": "Berlin"}}'
NO_CITY = '{"name": "get_weather", "arguments": {"town": "Berlin"}}'
BROKEN = '{"name": "get_weather", "arguments": "Berlin"}'


@pytest.mark.parametrize("wrong", [EXPLODE, NO_CITY, BROKEN, f"```json\n{BROKEN}\n```", ""])
def test_what_is_no_good_call_is_written_again_in_a_schema_and_after_the_same_prompt(wrong: str) -> None:
    engine = Writer(wrong, calls(BERLIN), sure=SURE)
    completion = complete(engine, ask())
    assert (completion.calls, completion.requests, codes(completion)) == ((BERLIN,), 2, ["repaired_call"])
    assert engine.requests[1].messages == engine.requests[0].messages
    assert '"get_weather"' in json.dumps(engine.requests[1].json_schema)


def test_a_call_with_wrong_arguments_is_written_again_as_one_of_the_same_function() -> None:
    engine = Writer(NO_CITY, calls(BERLIN), sure=SURE)
    complete(engine, ask())
    assert '"calculate_tax"' not in json.dumps(engine.requests[1].json_schema)


def test_a_call_that_can_not_be_repaired_is_not_made() -> None:
    completion = complete(Writer(EXPLODE, "[", sure=SURE), ask())
    assert (completion.calls, completion.text, codes(completion)) == ((), "", ["unreadable_call"])


@pytest.mark.parametrize(
    "words", ["I can't do that.", 'Write this:\n{"a": [1, 2]}', "```python\nprint(1)\n```", "[1] Sure."]
)
def test_words_are_an_answer_whatever_brackets_they_have(words: str) -> None:
    told: list[str] = []
    completion = complete(Writer(words, sure=UNSURE), ask("How do I write a list?"), on_text=told.append)
    assert (completion.text, completion.requests, "".join(told)) == (words, 1, words)


def test_words_are_told_as_they_are_written() -> None:
    told: list[str] = []
    complete(Writer("You are very welcome.", sure=UNSURE), ask("Thanks for the help!"), on_text=told.append)
    assert len(told) > 3


def test_what_was_said_before_a_call_that_is_not_made_stays_before_what_is_said_instead() -> None:
    call = calls(ToolCall("calculate_tax", {"amount": 7}))
    told: list[str] = []
    completion = complete(
        Writer(f"Let me see.\n{call}", SAID, sure=UNSURE), ask("Who wrote Hamlet?"), on_text=told.append
    )
    assert completion.text == "".join(told) == "Let me see.\n\nI can't."


READ = ToolSchema(
    "read_file", "Read a file.", {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}
)


@pytest.mark.parametrize(
    ("path", "made"), [("notes/other.txt", True), ("notes/desk/lamp.txt", False), ("desk/notes/lamp.txt", False)]
)
def test_a_tool_that_was_called_is_called_again_only_with_what_was_said(path: str, *, made: bool) -> None:
    first = ToolCall("read_file", {"path": "notes/desk/lamp.txt"})
    function = {"name": first.name, "arguments": json.dumps(first.arguments)}
    messages: list[dict[str, object]] = [
        {"role": "user", "content": "Read the file notes/desk/lamp.txt. What does the lamp cost?"},
        {"role": "assistant", "content": "", "tool_calls": [{"id": "1", "type": "function", "function": function}]},
        {"role": "tool", "tool_call_id": "1", "content": "It costs 79 euro. More: notes/other.txt"},
    ]
    again = ToolCall("read_file", {"path": path})
    engine = Writer(calls(again), '[{"name": "say", "arguments": {"text": "79 euro."}}]', sure=SURE)
    completion = complete(engine, CompletionAsk(messages, [READ], full=True, follow_ups=True, most_calls=8))
    assert completion.calls == ((again,) if made else ())
    assert completion.text == ("" if made else "79 euro.")
    assert len(engine.requests) == (1 if made else 2)


def test_what_a_model_makes_up_for_an_optional_parameter_is_left_out() -> None:
    unit = {"type": "string", "enum": ["celsius", "fahrenheit"]}
    properties = {"city": {"type": "string"}, "unit": unit}
    tool = ToolSchema(
        "get_weather", "Get the weather of a city.", {"properties": properties, "required": ["city"], "type": "object"}
    )
    engine = Writer(calls(ToolCall("get_weather", {"city": "Berlin", "unit": "fahrenheit"})), sure=SURE)
    assert complete(engine, ask("What is the weather in the city of Berlin?", [tool])).calls == (BERLIN,)


def test_what_nobody_spoke_of_stays_where_the_schema_can_not_do_without() -> None:
    parameters: dict[str, object] = {
        "type": "object",
        "properties": {name: {"type": "string"} for name in ("topic", "day", "week")},
        "required": ["topic"],
        "anyOf": [{"required": ["day"]}, {"required": ["week"]}],
    }
    tool = ToolSchema("find_lectures", "Find lectures about a topic.", parameters)
    call = ToolCall("find_lectures", {"topic": "tax", "day": "2023-04-15"})
    lectures = ask("Find lectures about tax", [tool])
    assert complete(Writer(calls(call), sure=SURE), lectures).calls == (call,)
    parameters.pop("anyOf")
    free = ToolSchema(tool.name, tool.description, parameters)
    left = complete(Writer(calls(call), sure=SURE), ask("Find lectures about tax", [free])).calls
    assert left == (ToolCall("find_lectures", {"topic": "tax"}),)
