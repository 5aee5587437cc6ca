"""An OpenAI client talks to the real model with a person's key, and the bill has every token of it."""

import json
from pathlib import Path
from typing import Any

import openai
import pytest

from jindou.home import Home
from jindou_client import Client
from support.server import MODEL, free_port, running

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "population": {"type": "integer"}},
    "required": ["city", "population"],
    "additionalProperties": False,
}
TOOL: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Current weather of a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def ask(text: str) -> list[Any]:
    return [{"role": "user", "content": text}]


def test_an_openai_client_talks_to_the_local_model_and_the_bill_is_exact(
    tmp_path: Path, small_model: Path, models_dir: Path
) -> None:
    assert small_model.exists()
    with running(tmp_path / "home", models_dir, free_port()) as server:
        with Client(server.url, Home(server.home).operator_key()) as operator:
            session = operator.sessions.open("clerk")
        with Client(server.url, session.token) as clerk:
            key = clerk.keys.create("story")
            with openai.OpenAI(base_url=f"{server.url}/v1", api_key=key.secret, max_retries=0) as client:
                used = _talk(client)
            statement = clerk.usage.statement()
            assert clerk.keys.get(key.id).last_used_on is not None
    assert statement.unsettled == []
    rows = {row.step_id: row for row in statement.latest}
    assert len(rows) == len(used) + 1, "What was written against the schema was written all the same."
    for id_, usage in used.items():
        quantities = rows[id_].quantities
        assert rows[id_].key_id == key.id
        assert quantities.input_tokens + quantities.cached_tokens == usage.prompt_tokens
        assert quantities.output_tokens == usage.completion_tokens
        assert usage.completion_tokens > 0


def _talk(client: openai.OpenAI) -> dict[str, Any]:
    """Ask in every way; return what each completion says it used, by its attempt."""
    completions = client.chat.completions
    used: dict[str, Any] = {}

    def note(made: Any) -> None:
        used[made.id.replace("chatcmpl-", "att_")] = made.usage

    options: Any = {"include_usage": True}
    chunks = list(
        completions.create(model=MODEL, messages=ask("Say hello."), max_tokens=40, stream=True, stream_options=options)
    )
    assert "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices).strip()
    note(chunks[-1])

    form: Any = {"type": "json_schema", "json_schema": {"name": "city", "schema": SCHEMA}}
    made = completions.create(model=MODEL, messages=ask("Tell me about Paris."), response_format=form, max_tokens=200)
    assert made.choices[0].finish_reason == "stop"
    answer = json.loads(made.choices[0].message.content or "")
    assert answer.keys() == {"city", "population"}
    note(made)

    made = completions.create(model=MODEL, messages=ask("How is the weather in Paris?"), tools=[TOOL])
    (call,) = made.choices[0].message.tool_calls or []
    assert call.type == "function"
    assert json.loads(call.function.arguments)["city"].startswith("Paris")
    note(made)

    made = completions.create(model=MODEL, messages=ask("Tell me a long story."), max_tokens=5)
    assert made.choices[0].finish_reason == "length"
    assert made.usage is not None
    assert made.usage.completion_tokens == 5
    note(made)

    unusable: Any = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"not": {}}}}
    with pytest.raises(openai.BadRequestError) as refused:
        completions.create(model=MODEL, messages=ask("Hi."), response_format=unusable, max_tokens=5)
    assert refused.value.code == "schema_not_kept"

    _refused(client)
    return used


def _refused(client: openai.OpenAI) -> None:
    """What does not fit is the caller's fault, said as such, and costs nothing."""
    with pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(model=MODEL, messages=ask("word " * 9_000))
    assert refused.value.code == "context_length_exceeded"
    assert " over the model's context of " in str(refused.value)
