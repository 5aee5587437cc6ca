"""Any server of OpenAI's API as an engine: a real one that conforms, and one that does all that can go wrong."""

import logging
from collections.abc import Generator
from pathlib import Path

import pytest

from jindou.errors import Invalid, Limited
from jindou.models.engines import CallChunk, EngineConfig, EngineRequest, FinalChunk, ReasoningChunk, TextChunk, Usage
from jindou.models.engines.conformance import ask, end_of, text_of
from jindou.models.engines.llamacpp import LlamaCppEngine
from jindou.models.engines.openai import OpenAIEngine
from jindou.models.upstreams import ContextOverflow, Endpoint, EngineDied, EngineRefused, EngineUnavailable, Upstream
from models.engines.engine_checks import EngineConformance
from support.upstream import OpenAIServer, delta, finish, open_upstream, usage

KEY = "sk-very-secret-0123456789"
TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}


def engine_at(url: str, key: str = KEY, **seconds: float) -> OpenAIEngine:
    endpoint = Endpoint(upstream=Upstream.at(url, key), model="big", credential="the key `vllm`", **seconds)
    return OpenAIEngine(EngineConfig("big", Path(), 2048, 0, Path(), endpoint=endpoint))


@pytest.fixture
def server() -> Generator[OpenAIServer]:
    with open_upstream() as server:
        server.says("Hello.")
        yield server


@pytest.fixture
def foreign(server: OpenAIServer) -> OpenAIEngine:
    engine = engine_at(server.url)
    engine.start()
    return engine


@pytest.fixture
def hasty(server: OpenAIServer) -> OpenAIEngine:
    """The same, given up after a short silence."""
    engine = engine_at(server.url, first_token_seconds=2.0, idle_seconds=2.0)
    engine.start()
    return engine


class TestConformance(EngineConformance):
    """A real server over its own `/v1`."""

    @pytest.fixture(scope="class")
    @classmethod
    def engine(cls, small_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[OpenAIEngine]:
        log = tmp_path_factory.mktemp("engine") / "engine.log"
        child = LlamaCppEngine(EngineConfig("small", small_model, 2048, 0, log))
        child.start()
        port, key = child.address() or (0, "")
        engine = engine_at(f"http://127.0.0.1:{port}/v1", key)
        engine.start()
        yield engine
        child.stop()


def test_calls_thoughts_and_text_come_in_pieces_and_the_end_counts_each(
    server: OpenAIServer, foreign: OpenAIEngine
) -> None:
    first = {"index": 0, "id": "call_1", "function": {"name": "weather", "arguments": ""}}
    more = {"index": 0, "function": {"arguments": '{"city": "Paris"}'}}
    server.events = [
        delta(role="assistant", content=""),
        delta(reasoning_content="Hm."),
        delta(content="Let me see."),
        delta(tool_calls=[first]),
        delta(tool_calls=[more]),
        finish("tool_calls"),
        usage(9, 4, 7, 3),
    ]
    request = EngineRequest(
        messages=[{"role": "user", "content": "?"}],
        tools=[TOOL],
        tool_choice="=weather",
        json_schema={"type": "object"},
    )
    assert list(foreign.stream(request)) == [
        ReasoningChunk("Hm."),
        TextChunk("Let me see."),
        CallChunk(0, "call_1", "weather", ""),
        CallChunk(0, "", "", '{"city": "Paris"}'),
        FinalChunk("calls", Usage(9, 4, 7, 3)),
    ]
    body = server.asked[-1]
    assert (body["model"], body["stream_options"]) == ("big", {"include_usage": True})
    assert body["tool_choice"] == {"type": "function", "function": {"name": "weather"}}
    assert body["response_format"]["json_schema"]["schema"] == {"type": "object"}
    assert server.authorized[-1] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    ("status", "error", "kind", "told"),
    [
        (401, {"error": {"message": f"Incorrect API key provided: {KEY}"}}, EngineUnavailable, "the key `vllm`"),
        (403, {}, EngineUnavailable, "does not accept the key `vllm`"),
        (404, {"error": {"message": "?"}}, EngineUnavailable, "no model `big`"),
        (400, {"error": {"message": f"no grammar for {KEY}"}}, EngineRefused, "no grammar for …"),
        (422, {"detail": "temperature"}, EngineRefused, "temperature"),
        (500, "oops", EngineUnavailable, "answered 500"),
        (503, {"message": "loading"}, EngineUnavailable, "loading"),
        (302, {}, EngineUnavailable, "answered 302"),
    ],
)
def test_an_error_is_told_by_its_kind_and_never_with_the_key(  # noqa: PLR0917
    server: OpenAIServer,
    foreign: OpenAIEngine,
    caplog: pytest.LogCaptureFixture,
    status: int,
    error: object,
    kind: type[Exception],
    told: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    server.status, server.error = status, error
    with pytest.raises(kind, match=told) as caught:
        list(foreign.stream(ask("Hello")))
    assert KEY not in f"{caught.value!r} {caught.value.__cause__!r} {foreign.__dict__!r} {caplog.text}"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "9999"}, 600),
        ({"Retry-After": "-1"}, 0),
        ({"Retry-After": "Mon, 02 Mar 2026 09:00:30 GMT", "Date": "Mon, 02 Mar 2026 09:00:00 GMT"}, 30),
        ({"Retry-After": "nan"}, 5),
        ({"Retry-After": "soon"}, 5),
        ({}, 5),
    ],
)
def test_a_limit_says_when_to_come_again(
    server: OpenAIServer, foreign: OpenAIEngine, headers: dict[str, str], seconds: float
) -> None:
    server.status, server.headers = 429, headers
    with pytest.raises(Limited) as caught:
        list(foreign.stream(ask("Hello")))
    assert caught.value.retry_after == seconds


@pytest.mark.parametrize(
    "message",
    [
        "This model's maximum context length is 2048 tokens. However, you requested 3000 tokens (2900 in messages).",
        "This model's maximum context length is 2048 tokens. However, your request has 3000 input tokens.",
        "The input (3000 tokens) is longer than the model's context length (2048 tokens).",
        "Requested token count exceeds the model's context length of 2048. You requested a total of 3000 tokens.",
        "The conversation has 3000 tokens, 952 over the model's context of 2048: start a new conversation.",
    ],
)
def test_a_prompt_beyond_the_context_is_told_with_numbers_whoever_says_it(
    server: OpenAIServer, foreign: OpenAIEngine, message: str
) -> None:
    server.status, server.error = 400, {"error": {"message": message, "type": "invalid_request_error"}}
    with pytest.raises(ContextOverflow) as caught:
        list(foreign.stream(ask("Hello")))
    assert caught.value.params["over"] == 952


def test_an_engine_that_was_asked_and_is_silent_may_have_used_whatever_it_did_not_say(
    server: OpenAIServer, hasty: OpenAIEngine
) -> None:
    server.events = [600.0]
    with pytest.raises(EngineDied, match=r"wrote nothing in 2 s"):
        list(hasty.stream(ask("Hello")))
    assert server.left.wait(60)
    server.events = [delta(content="Hel"), 600.0]
    with pytest.raises(EngineDied, match=r"nothing more for 2 s"):
        list(hasty.stream(ask("Hello")))


@pytest.mark.parametrize(
    ("events", "told"),
    [
        ([delta(content="Hello"), finish("stop")], "how many tokens"),
        ([delta(content="Hello"), usage(1, 0, 1)], "why it ended"),
        ([delta(content="Hello"), {"choices": [7]}], "can't be read"),
        ([{"choices": [{"delta": {"tool_calls": "x"}}]}], "can't be read"),
        ([{"usage": {"prompt_tokens": "many"}}], "can't be read"),
        ([{"usage": {"prompt_tokens": 2**63}}], "can't be read"),
        ([{"usage": {"completion_tokens": -1}}], "can't be read"),
    ],
)
def test_an_answer_that_nobody_could_bill_is_a_failure(
    server: OpenAIServer, foreign: OpenAIEngine, events: list[object], told: str
) -> None:
    server.events = events
    with pytest.raises(EngineDied, match=told):
        list(foreign.stream(ask("Hello")))


def test_an_error_in_the_middle_is_told_as_one(server: OpenAIServer, foreign: OpenAIEngine) -> None:
    server.events = [delta(content="Hel"), {"error": {"message": "out of memory", "code": 500}}]
    with pytest.raises(EngineUnavailable, match="out of memory"):
        list(foreign.stream(ask("Hello")))


def test_closing_a_stream_ends_the_work_at_the_server_and_waiting_is_alive(
    server: OpenAIServer,
) -> None:
    engine = engine_at(server.url)
    engine.start()
    server.events = [600.0]
    stream = engine.stream(ask("Hello"))
    assert [next(stream) for _ in range(3)] == [TextChunk("")] * 3
    stream.close()
    assert server.left.wait(60), "It does not wait for an answer that would take longer than this."


def test_a_server_that_is_not_there_can_not_be_started_or_asked(server: OpenAIServer) -> None:
    gone = engine_at("http://127.0.0.1:9/v1")
    with pytest.raises(EngineUnavailable, match="does not answer"):
        gone.start()
    engine = engine_at(server.url)
    server.models_status = 401
    with pytest.raises(EngineUnavailable, match="the key `vllm`"):
        engine.start()
    server.models_status = 404
    engine.start()
    assert engine.health().state == "ready"
    assert text_of(list(engine.stream(ask("Hello")))) == "Hello."
    assert end_of(list(engine.stream(ask("Hello")))).usage == Usage(5, 2, 1)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a/v1",
        "https://",
        "http://user:pw@host/v1",
        "http://host:99999/v1",
        "http://h/v1?x=1",
        "vllm",
        "http://a\nb/",
    ],
)
def test_what_is_no_base_url_is_refused_without_showing_a_password(url: str) -> None:
    with pytest.raises(Invalid) as caught:
        Upstream.at(url)
    assert "pw" not in str(caught.value)
