import json
from typing import Any

import openai
import pytest
from gateway_site import ANSWER, MODEL, Gateway

HELLO: list[Any] = [{"role": "user", "content": "Good morning"}]
TOOLS: list[Any] = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "Weather of a city.",
            "parameters": {
                "type": "object",
                "properties": {"city": {"$ref": "#/$defs/City"}},
                "required": ["city"],
                "$defs": {"City": {"type": "string"}},
            },
        },
    }
]


def ask(text: str) -> list[Any]:
    return [{"role": "user", "content": text}]


def test_a_client_sees_the_models_that_its_key_is_good_for(steady: Gateway) -> None:
    assert MODEL in [model.id for model in steady.client().models.list()]
    assert steady.client().models.retrieve(MODEL).object == "model"
    other = steady.client(steady.key(gone="another").secret)
    assert list(other.models.list()) == []
    with pytest.raises(openai.PermissionDeniedError) as refused:
        other.chat.completions.create(model=MODEL, messages=HELLO)
    assert refused.value.code == "model_not_allowed"


def test_an_answer_comes_with_the_usage_that_is_in_the_ledger(gateway: Gateway) -> None:
    key = gateway.key()
    made = gateway.client(key.secret).chat.completions.create(model=MODEL, messages=HELLO)
    assert made.choices[0].message.content == ANSWER
    assert made.choices[0].finish_reason == "stop"
    assert made.usage is not None
    assert made.usage.prompt_tokens_details is not None
    (row,) = gateway.statement().latest
    assert made.id.removeprefix("chatcmpl-") == row.step_id.removeprefix("att_")
    assert (row.key_id, row.run_id) == (key.id, "")
    assert row.quantities.input_tokens + row.quantities.cached_tokens == made.usage.prompt_tokens
    assert row.quantities.cached_tokens == made.usage.prompt_tokens_details.cached_tokens
    assert row.quantities.output_tokens == made.usage.completion_tokens


def test_a_stream_brings_the_answer_in_pieces_and_its_usage_last(steady: Gateway) -> None:
    options: Any = {"include_usage": True}
    chunks = list(
        steady.client().chat.completions.create(model=MODEL, messages=HELLO, stream=True, stream_options=options)
    )
    texts = [choice.delta.content or "" for chunk in chunks for choice in chunk.choices]
    assert "".join(texts) == ANSWER
    assert len(texts) > 3
    assert [choice.finish_reason for chunk in chunks[-2:] for choice in chunk.choices] == ["stop"]
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert all(chunk.usage is None for chunk in chunks[:-1])
    assert {chunk.id for chunk in chunks} == {chunks[0].id}


@pytest.mark.parametrize("stream", [False, True])
def test_several_choices_are_several_answers_on_one_bill(gateway: Gateway, *, stream: bool) -> None:
    completions = gateway.client().chat.completions
    if stream:
        texts = ["", ""]
        for chunk in completions.create(model=MODEL, messages=HELLO, n=2, stream=True):
            for choice in chunk.choices:
                texts[choice.index] += choice.delta.content or ""
    else:
        made = completions.create(model=MODEL, messages=HELLO, n=2)
        texts = [choice.message.content or "" for choice in made.choices]
    assert texts == [ANSWER, ANSWER]
    assert len(gateway.engine.requests) == 2
    assert gateway.statement().events == 1
    assert gateway.ledger() == (gateway.engine.told.prompt, gateway.engine.told.completion)


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_ends_before_its_stop_sequence(steady: Gateway, *, stream: bool) -> None:
    completions = steady.client().chat.completions
    if stream:
        chunks = completions.create(model=MODEL, messages=HELLO, stop=["way, it", "xyz"], stream=True)
        text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    else:
        made = completions.create(model=MODEL, messages=HELLO, stop="way, it")
        text = made.choices[0].message.content or ""
    assert text == "Good morning. The lamp is on its "


def test_a_call_of_a_function_comes_as_a_tool_call(steady: Gateway) -> None:
    made = steady.client().chat.completions.create(model=MODEL, messages=ask("weather in Paris?"), tools=TOOLS)
    assert made.choices[0].finish_reason == "tool_calls"
    (called,) = made.choices[0].message.tool_calls or []
    assert called.type == "function"
    assert (called.function.name, json.loads(called.function.arguments)) == ("get_weather", {"city": "Paris"})


def test_a_function_answered_is_talked_about(steady: Gateway) -> None:
    completions = steady.client().chat.completions
    first = completions.create(model=MODEL, messages=ask("weather in Paris?"), tools=TOOLS).choices[0].message
    assert first.tool_calls
    result: Any = {"role": "tool", "tool_call_id": first.tool_calls[0].id, "content": "Sunny"}
    history: list[Any] = [*ask("weather in Paris?"), first, result]
    made = completions.create(model=MODEL, messages=history, tools=TOOLS)
    assert made.choices[0].finish_reason == "stop"
    assert made.choices[0].message.content == ANSWER


def test_calls_in_parallel_stream_as_deltas_with_an_index_each(steady: Gateway) -> None:
    chunks = steady.client().chat.completions.create(
        model=MODEL, messages=ask("weather in both, Paris and Rome?"), tools=TOOLS, stream=True
    )
    calls: dict[int, list[str]] = {}
    reasons: list[str] = []
    for choice in (choice for chunk in chunks for choice in chunk.choices):
        reasons += [choice.finish_reason] if choice.finish_reason else []
        for delta in choice.delta.tool_calls or []:
            assert delta.function is not None
            calls.setdefault(delta.index, []).append(f"{delta.function.name or ''}{delta.function.arguments}")
    assert {at: "".join(parts) for at, parts in calls.items()} == {
        0: 'get_weather{"city": "Paris"}',
        1: 'get_weather{"city": "Rome"}',
    }
    assert reasons == ["tool_calls"]


def test_without_parallel_calls_there_is_one(steady: Gateway) -> None:
    made = steady.client().chat.completions.create(
        model=MODEL, messages=ask("weather in both, Paris and Rome?"), tools=TOOLS, parallel_tool_calls=False
    )
    assert len(made.choices[0].message.tool_calls or []) == 1


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "get_weather"}}])
def test_a_choice_of_tools_that_requires_a_call_leaves_the_model_no_words(gateway: Gateway, choice: Any) -> None:
    gateway.client().chat.completions.create(model=MODEL, messages=ask("weather"), tools=TOOLS, tool_choice=choice)
    schema = json.dumps(gateway.engine.requests[-1].json_schema)
    assert "get_weather" in schema
    assert '"say"' not in schema


def test_a_choice_of_no_tool_leaves_the_model_words_alone(gateway: Gateway) -> None:
    made = gateway.client().chat.completions.create(model=MODEL, messages=HELLO, tools=TOOLS, tool_choice="none")
    assert made.choices[0].message.content == ANSWER
    assert '"get_weather"' not in json.dumps(gateway.engine.requests[-1].json_schema)


def test_what_a_client_asks_of_sampling_reaches_the_engine(gateway: Gateway) -> None:
    gateway.client().chat.completions.create(
        model=MODEL, messages=HELLO, temperature=0.5, seed=7, top_p=0.9, max_completion_tokens=33, stop="x"
    )
    request = gateway.engine.requests[-1]
    assert (request.temperature, request.seed, request.max_tokens, request.stop) == (0.5, 7, 33, ("x",))
    assert request.sampling == {"top_p": 0.9}


@pytest.mark.parametrize("tools", [[], TOOLS])
def test_a_format_of_answers_is_the_grammar_of_the_engine(gateway: Gateway, tools: list[Any]) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    asked: Any = {"type": "json_schema", "json_schema": {"name": "count", "schema": schema, "strict": True}}
    given: Any = {"tools": tools} if tools else {}
    create: Any = gateway.client().chat.completions.create
    made = create(model=MODEL, messages=ask("count"), response_format=asked, **given)
    assert json.loads(made.choices[0].message.content or "") == {"n": 3}
    assert gateway.engine.requests[-1].json_schema == schema
    assert (len(gateway.engine.requests) > 1) == bool(tools)
    assert gateway.ledger() == (gateway.engine.told.prompt, gateway.engine.told.completion)


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_that_is_not_the_json_asked_for_is_never_told(gateway: Gateway, *, stream: bool) -> None:
    asked: Any = {"type": "json_object"}
    with pytest.raises(openai.BadRequestError) as refused:
        list(
            gateway.client().chat.completions.create(model=MODEL, messages=HELLO, response_format=asked, stream=stream)
        )
    assert refused.value.code == "schema_not_kept"
    assert gateway.ledger() == (gateway.engine.told.prompt, gateway.engine.told.completion)
