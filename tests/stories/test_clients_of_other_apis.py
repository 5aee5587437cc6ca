"""OpenAI's client asks for responses and texts, and Anthropic's for messages, of the real model; the bill is exact."""

import json
import re
from pathlib import Path
from typing import Any

import anthropic
import openai

from jindou.home import Home
from jindou_client import Client
from support.server import MODEL, free_port, running

_Used = dict[str, tuple[int, int]]
CITY: dict[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = "How is the weather in Paris?"
ABOUT = "Current weather of a city."
PAGE = Path(__file__).parents[2] / "docs" / "gateway.md"


def test_clients_of_other_apis_talk_to_the_local_model_and_the_bill_is_exact(
    tmp_path: Path, small_model: Path, models_dir: Path
) -> None:
    assert small_model.exists()
    with running(tmp_path / "home", models_dir, free_port()) as server:
        with Client(server.url, Home(server.home).operator_key()) as operator:
            session = operator.sessions.open("clerk")
        with Client(server.url, session.token) as clerk:
            _follow_the_page(server.url, clerk.keys.create("reader").secret)
            key = clerk.keys.create("story")
            secret = key.secret
            with openai.OpenAI(base_url=f"{server.url}/v1", api_key=secret, max_retries=0) as client:
                used = _responses(client) | _texts(client)
            with anthropic.Anthropic(base_url=server.url, api_key=secret, max_retries=0) as client:
                used |= _messages(client)
            statement = clerk.usage.statement()
    assert statement.unsettled == []
    rows = {row.step_id.removeprefix("att_"): row.quantities for row in statement.latest if row.key_id == key.id}
    billed = {stem: (row.input_tokens + row.cached_tokens, row.output_tokens) for stem, row in rows.items()}
    assert billed == used


def _follow_the_page(url: str, secret: str) -> None:
    """Run every snippet of the page as it is written, but for the address and the key."""
    snippets = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(snippets) == 4
    for snippet in snippets:
        code = snippet.replace("http://127.0.0.1:8787", url).replace("jdk_…", secret)
        given: dict[str, Any] = {}
        exec(code, given)  # noqa: S102 - it is our own page
        given["client"].close()


def _responses(client: openai.OpenAI) -> _Used:
    used: _Used = {}

    def note(made: Any) -> None:
        used[made.id.removeprefix("resp_")] = (made.usage.input_tokens, made.usage.output_tokens)

    with client.responses.stream(model=MODEL, input="Say hello.", max_output_tokens=40) as stream:
        made = stream.until_done().get_final_response()
    assert made.output_text.strip()
    note(made)

    tool: Any = {"type": "function", "name": "get_weather", "description": ABOUT, "parameters": CITY, "strict": False}
    made = client.responses.create(model=MODEL, input=WEATHER, tools=[tool])
    (call,) = made.output
    assert call.type == "function_call"
    assert json.loads(call.arguments)["city"].startswith("Paris")
    note(made)

    made = client.responses.create(model=MODEL, input="Tell me a long story.", max_output_tokens=5)
    assert made.status == "incomplete"
    assert made.incomplete_details is not None
    assert made.incomplete_details.reason == "max_output_tokens"
    note(made)
    return used


def _texts(client: openai.OpenAI) -> _Used:
    """A prompt goes on as it is, also one that fills in the middle of code."""
    prompt = "<|fim_prefix|>def add(a, b):\n    return <|fim_suffix|>\n<|fim_middle|>"
    made = client.completions.create(model=MODEL, prompt=prompt, max_tokens=8, temperature=0)
    assert made.choices[0].text.startswith("a + b")
    assert made.usage is not None
    used = {made.id.removeprefix("cmpl-"): (made.usage.prompt_tokens, made.usage.completion_tokens)}
    options: Any = {"include_usage": True}
    chunks = list(
        client.completions.create(
            model=MODEL, prompt="1, 2, 3, 4,", max_tokens=4, temperature=0, stream=True, stream_options=options
        )
    )
    assert "5" in "".join(choice.text for chunk in chunks for choice in chunk.choices)
    end = chunks[-1]
    assert end.usage is not None
    return used | {end.id.removeprefix("cmpl-"): (end.usage.prompt_tokens, end.usage.completion_tokens)}


def _messages(client: anthropic.Anthropic) -> _Used:
    used: _Used = {}

    def note(made: anthropic.types.Message) -> None:
        told = made.usage
        used[made.id.removeprefix("msg_")] = (
            told.input_tokens + (told.cache_read_input_tokens or 0),
            told.output_tokens,
        )

    hello: Any = [{"role": "user", "content": "Say hello."}]
    with client.messages.stream(model=MODEL, max_tokens=40, messages=hello) as stream:
        assert "".join(stream.text_stream).strip()
        note(stream.get_final_message())

    asked: list[Any] = [{"role": "user", "content": WEATHER}]
    tools: Any = [{"name": "get_weather", "description": ABOUT, "input_schema": CITY}]
    made = client.messages.create(model=MODEL, max_tokens=100, messages=asked, tools=tools)
    assert made.stop_reason == "tool_use"
    call = made.content[-1]
    assert call.type == "tool_use"
    assert str(call.input["city"]).startswith("Paris")
    note(made)

    result = {"type": "tool_result", "tool_use_id": call.id, "content": "18 degrees and sunny"}
    asked += [{"role": "assistant", "content": made.content}, {"role": "user", "content": [result]}]
    made = client.messages.create(model=MODEL, max_tokens=100, messages=asked, tools=tools)
    assert made.stop_reason == "end_turn"
    assert made.content[-1].type == "text"
    assert "18" in made.content[-1].text
    note(made)
    return used
