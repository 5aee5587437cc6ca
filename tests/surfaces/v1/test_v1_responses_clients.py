"""OpenAI's own client asks for responses."""

import json
from typing import Any

import httpx
import openai
import pytest
from gateway_site import ANSWER, MODEL, Gateway
from pydantic import BaseModel
from wire_events import named

TOOL: Any = {
    "type": "function",
    "name": "get_weather",
    "description": "Weather of a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    "strict": False,
}


class Count(BaseModel):
    n: int


def test_a_response_comes_with_the_usage_that_is_in_the_ledger(gateway: Gateway) -> None:
    made = gateway.client().responses.create(model=MODEL, input="Good morning", instructions="Be kind.")
    assert made.output_text == ANSWER
    assert (made.status, made.model, made.error) == ("completed", MODEL, None)
    (row,) = gateway.statement().latest
    assert made.id.removeprefix("resp_") == row.step_id.removeprefix("att_")
    assert made.usage is not None
    assert row.quantities.input_tokens + row.quantities.cached_tokens == made.usage.input_tokens
    assert row.quantities.cached_tokens == made.usage.input_tokens_details.cached_tokens
    assert row.quantities.output_tokens == made.usage.output_tokens
    assert gateway.engine.requests[-1].messages[0] == {"role": "system", "content": "Be kind."}


def test_a_stream_brings_the_answer_in_pieces_and_the_response_last(steady: Gateway) -> None:
    with steady.client().responses.stream(model=MODEL, input="Good morning") as stream:
        events = list(stream)
        made = stream.get_final_response()
    texts = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert "".join(texts) == ANSWER
    assert len(texts) > 3
    assert made.output_text == ANSWER
    assert made.usage is not None
    assert made.usage.output_tokens > 0
    assert events[-1].type == "response.completed"


@pytest.mark.parametrize("stream", [False, True])
def test_a_call_and_its_output_go_there_and_back(steady: Gateway, *, stream: bool) -> None:
    def say(given: list[Any]) -> Any:
        responses = steady.client().responses
        if not stream:
            return responses.create(model=MODEL, input=given, tools=[TOOL])
        with responses.stream(model=MODEL, input=given, tools=[TOOL]) as streamed:
            return streamed.until_done().get_final_response()

    asked: list[Any] = [{"role": "user", "content": "weather in Paris?"}]
    (called,) = say(asked).output
    assert called.type == "function_call"
    assert (called.name, json.loads(called.arguments)) == ("get_weather", {"city": "Paris"})
    output = {"type": "function_call_output", "call_id": called.call_id, "output": "Sunny"}
    made = say([*asked, {k: v for k, v in called.to_dict().items() if k != "parsed_arguments"}, output])
    assert made.output_text == ANSWER


def test_calls_in_parallel_are_items_of_their_own(steady: Gateway) -> None:
    with steady.client().responses.stream(
        model=MODEL, input="weather in both, Paris and Rome?", tools=[TOOL]
    ) as stream:
        made = stream.until_done().get_final_response()
    calls = [json.loads(item.arguments) for item in made.output if item.type == "function_call"]
    assert calls == [{"city": "Paris"}, {"city": "Rome"}]
    made = steady.client().responses.create(
        model=MODEL, input="weather in both, Paris and Rome?", tools=[TOOL], parallel_tool_calls=False
    )
    assert len(made.output) == 1


def test_a_format_of_answers_is_parsed_by_the_client(steady: Gateway) -> None:
    made = steady.client().responses.parse(model=MODEL, input="count", text_format=Count)
    assert made.output_parsed == Count(n=3)


def test_an_answer_that_is_not_the_json_asked_for_names_the_field_that_asked(steady: Gateway) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        steady.client().responses.create(model=MODEL, input="Hello", text={"format": {"type": "json_object"}})
    assert (refused.value.code, refused.value.param) == ("schema_not_kept", "text.format")


def test_errors_are_those_that_the_client_knows(steady: Gateway) -> None:
    responses = steady.client().responses
    with pytest.raises(openai.NotFoundError) as missing:
        responses.create(model="gpt-4o", input="Hello")
    assert missing.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError) as refused:
        responses.create(model=MODEL, input="Hello", max_output_tokens=10**6)
    assert refused.value.param == "max_output_tokens"
    with pytest.raises(openai.BadRequestError) as stateful:
        responses.create(model=MODEL, input="Hello", previous_response_id="resp_1")
    assert stateful.value.param == "previous_response_id"
    assert "no response is kept here" in str(stateful.value)


def test_an_engine_that_dies_in_the_middle_of_a_stream_fails_the_response(gateway: Gateway) -> None:
    gateway.engine.die_at = 3
    headers = {"authorization": f"Bearer {gateway.key().secret}"}
    body = {"model": MODEL, "input": "Good morning", "stream": True}
    events = named(httpx.post(f"{gateway.url}/responses", json=body, headers=headers, timeout=30).content)
    assert events[-1]["type"] == "response.failed"
    assert events[-1]["response"]["error"]["code"] == "server_error"
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert [held.status for held in gateway.statement().unsettled] == ["unknown"]


def test_a_text_goes_on_only_with_an_engine_that_takes_it_as_it_is(steady: Gateway) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        steady.client().completions.create(model=MODEL, prompt="Once upon a time")
    assert refused.value.param == "model"
