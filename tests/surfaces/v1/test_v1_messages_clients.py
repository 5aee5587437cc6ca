"""Anthropic's own client talks to the gateway."""

import json
from collections.abc import Generator
from typing import Any

import anthropic
import httpx
import pytest
from gateway_site import ANSWER, MODEL, Gateway
from wire_events import named

HELLO: list[Any] = [{"role": "user", "content": "Good morning"}]
WEATHER: list[Any] = [{"role": "user", "content": [{"type": "text", "text": "weather in Paris?"}]}]
TOOL: Any = {
    "name": "get_weather",
    "description": "Weather of a city.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


def client_of(gateway: Gateway, secret: str = "") -> anthropic.Anthropic:
    url = gateway.url.removesuffix("/v1")
    return anthropic.Anthropic(base_url=url, api_key=secret or gateway.key().secret, max_retries=0, timeout=30)


@pytest.fixture
def client(steady: Gateway) -> Generator[anthropic.Anthropic]:
    with client_of(steady) as client:
        yield client


@pytest.fixture(scope="module")
def secret(steady: Gateway) -> str:
    return steady.key().secret


def test_an_answer_comes_with_the_usage_that_is_in_the_ledger(gateway: Gateway) -> None:
    key = gateway.key()
    with client_of(gateway, key.secret) as client:
        made = client.messages.create(model=MODEL, max_tokens=50, messages=HELLO, system="Be kind.")
    (block,) = made.content
    assert block.type == "text"
    assert block.text == ANSWER
    assert (made.role, made.model, made.stop_reason) == ("assistant", MODEL, "end_turn")
    (row,) = gateway.statement().latest
    assert made.id.removeprefix("msg_") == row.step_id.removeprefix("att_")
    assert row.key_id == key.id
    assert row.quantities.input_tokens == made.usage.input_tokens
    assert row.quantities.cached_tokens == made.usage.cache_read_input_tokens
    assert row.quantities.output_tokens == made.usage.output_tokens
    assert gateway.engine.requests[-1].messages[0] == {"role": "system", "content": "Be kind."}


def test_a_stream_brings_the_answer_in_pieces_and_its_usage_last(client: anthropic.Anthropic) -> None:
    with client.messages.stream(model=MODEL, max_tokens=50, messages=HELLO) as stream:
        texts = list(stream.text_stream)
        made = stream.get_final_message()
    assert "".join(texts) == ANSWER
    assert len(texts) > 3
    assert made.stop_reason == "end_turn"
    assert made.usage.output_tokens > 0
    assert made.usage.input_tokens > 0


@pytest.mark.parametrize("stream", [False, True])
def test_a_call_and_its_result_go_there_and_back(client: anthropic.Anthropic, *, stream: bool) -> None:
    def say(messages: list[Any]) -> anthropic.types.Message:
        if not stream:
            return client.messages.create(model=MODEL, max_tokens=90, messages=messages, tools=[TOOL])
        with client.messages.stream(model=MODEL, max_tokens=90, messages=messages, tools=[TOOL]) as streamed:
            return streamed.get_final_message()

    made = say(WEATHER)
    assert made.stop_reason == "tool_use"
    called = made.content[-1]
    assert called.type == "tool_use"
    assert (called.name, called.input) == ("get_weather", {"city": "Paris"})
    result = {"type": "tool_result", "tool_use_id": called.id, "content": [{"type": "text", "text": "Sunny"}]}
    made = say([*WEATHER, {"role": "assistant", "content": made.content}, {"role": "user", "content": [result]}])
    assert made.stop_reason == "end_turn"
    (block,) = made.content
    assert block.type == "text"
    assert block.text == ANSWER


@pytest.mark.parametrize(
    ("choice", "may_call", "may_speak"),
    [
        ({"type": "any"}, True, False),
        ({"type": "tool", "name": "get_weather"}, True, False),
        ({"type": "none"}, False, True),
    ],
)
def test_a_choice_of_tools_holds(gateway: Gateway, choice: Any, *, may_call: bool, may_speak: bool) -> None:
    asked = WEATHER if may_call else HELLO
    with client_of(gateway) as client:
        client.messages.create(model=MODEL, max_tokens=90, messages=asked, tools=[TOOL], tool_choice=choice)
    schema = json.dumps(gateway.engine.requests[-1].json_schema)
    assert ("get_weather" in schema) == may_call
    assert may_speak or '"say"' not in schema


def test_an_answer_ends_before_its_stop_sequence(client: anthropic.Anthropic) -> None:
    made = client.messages.create(model=MODEL, max_tokens=50, messages=HELLO, stop_sequences=["way, it"])
    assert made.content[0].type == "text"
    assert made.content[0].text == "Good morning. The lamp is on its "


def test_a_format_of_answers_is_the_grammar_of_the_engine(client: anthropic.Anthropic) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    asked: Any = {"format": {"type": "json_schema", "schema": schema}}
    made = client.messages.create(
        model=MODEL,
        max_tokens=50,
        messages=[{"role": "user", "content": "count"}],
        output_config=asked,
    )
    assert made.content[0].type == "text"
    assert json.loads(made.content[0].text) == {"n": 3}


def test_errors_are_those_that_the_client_knows(steady: Gateway, client: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.NotFoundError) as missing:
        client.messages.create(model="claude", max_tokens=50, messages=HELLO)
    assert "claude" in str(missing.value)
    with pytest.raises(anthropic.BadRequestError) as refused:
        client.messages.create(model=MODEL, max_tokens=10**6, messages=HELLO)
    assert "max_tokens is 1000000" in str(refused.value)
    with client_of(steady, "jdk_" + "0" * 64) as stranger, pytest.raises(anthropic.AuthenticationError):
        stranger.messages.create(model=MODEL, max_tokens=50, messages=HELLO)
    secret = steady.key(gone="another").secret
    with client_of(steady, secret) as other, pytest.raises(anthropic.PermissionDeniedError):
        other.messages.create(model=MODEL, max_tokens=50, messages=HELLO)


def test_an_engine_that_dies_in_the_middle_of_a_stream_is_told_as_an_event(gateway: Gateway) -> None:
    gateway.engine.die_at = 3
    headers = {"x-api-key": gateway.key().secret, "anthropic-version": "2023-06-01"}
    body = {"model": MODEL, "max_tokens": 50, "messages": HELLO, "stream": True}
    answer = httpx.post(f"{gateway.url}/messages", json=body, headers=headers, timeout=30)
    events = named(answer.content)
    assert events[-1]["type"] == "error"
    assert events[-1]["error"]["type"] == "overloaded_error"
    assert "message_stop" not in [event["type"] for event in events]
    assert [held.status for held in gateway.statement().unsettled] == ["unknown"]
    with client_of(gateway) as client, pytest.raises(anthropic.APIStatusError) as died:
        list(client.messages.create(model=MODEL, max_tokens=50, messages=HELLO, stream=True))
    assert "ended in the middle" in str(died.value)


def test_a_field_that_is_wrong_is_named_in_the_shape_that_clients_read(steady: Gateway, secret: str) -> None:
    body = {"model": MODEL, "max_tokens": 5, "messages": [{"role": "user", "content": 1}]}
    answer = httpx.post(f"{steady.url}/messages", json=body, headers={"x-api-key": secret}, timeout=60)
    told = answer.json()
    assert answer.status_code == 400
    assert told["type"] == "error"
    assert told["error"]["type"] == "invalid_request_error"
    assert "messages[0].content" in told["error"]["message"]


def test_a_version_that_is_not_spoken_here_is_refused(steady: Gateway, secret: str) -> None:
    headers = {"x-api-key": secret, "anthropic-version": "2040-01-01"}
    body = {"model": MODEL, "max_tokens": 5, "messages": HELLO}
    answer = httpx.post(f"{steady.url}/messages", json=body, headers=headers, timeout=60)
    assert answer.status_code == 400
    assert "2023-06-01" in answer.json()["error"]["message"]
