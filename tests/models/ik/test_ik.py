"""ik_llama.cpp: as every engine, and as a server that is asked as llama.cpp's is."""

import json
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from jindou.models.children import Supervisor
from jindou.models.engines import EngineConfig, FinalChunk, LlamaCppEngine, TextChunk
from jindou.models.engines.conformance import ask, text_of
from jindou.models.engines.wire import Refused, post, stream_events
from jindou.models.ik import IkEngine
from models.engines.engine_checks import EngineConformance

pytestmark = pytest.mark.skipif(find_spec("ik_llama_cpp") is None, reason="The extra `fast` is not installed.")
KEY = "secret"


@pytest.fixture(scope="module")
def engine(small_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[IkEngine]:
    log = tmp_path_factory.mktemp("engine") / "engine.log"
    engine = IkEngine(EngineConfig("small", small_model, 2048, 0, log))
    engine.start()
    yield engine
    engine.stop()


class TestConformance(EngineConformance):
    """ik_llama.cpp does what every engine must."""


@pytest.fixture(scope="module")
def server(small_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[int, str]]:
    folder = tmp_path_factory.mktemp("slots")
    config = {"model_path": str(small_model), "key": KEY, "slots": 2, "context_tokens": 1024, "threads": 2}
    config["slots_path"] = f"{folder}/"
    supervisor = Supervisor("jindou.models.ik.child", lambda: config, folder / "log")
    supervisor.start()
    answer = supervisor.wait_first_try(60)
    assert answer is not None
    yield answer["port"], KEY
    supervisor.stop()


def complete(server: tuple[int, str], **body: Any) -> dict[str, Any]:
    return post(server, "/completion", {"n_predict": 8, "temperature": 0, **body})


def test_it_writes_what_the_library_that_comes_with_us_writes(
    engine: IkEngine, small_model: Path, tmp_path: Path
) -> None:
    ours = LlamaCppEngine(EngineConfig("small", small_model, 2048, 0, tmp_path / "log"))
    ours.start()
    try:
        question = ask("Which city is the capital of France?", max_tokens=12)
        assert text_of(list(engine.stream(question))) == text_of(list(ours.stream(question)))
    finally:
        ours.stop()


def test_it_tells_the_chances_that_the_library_that_comes_with_us_tells(
    engine: IkEngine, small_model: Path, tmp_path: Path
) -> None:
    ours = LlamaCppEngine(EngineConfig("small", small_model, 2048, 0, tmp_path / "log"))
    ours.start()
    try:
        question = ask("Which city is the capital of France?", max_tokens=4, top_logprobs=3)
        theirs, told = (
            [token for chunk in one.stream(question) if isinstance(chunk, TextChunk) for token in chunk.tokens]
            for one in (ours, engine)
        )
    finally:
        ours.stop()
    assert len(told) == 4
    assert [[text for text, _ in token[:2]] for token in told] == [[text for text, _ in token[:2]] for token in theirs]
    assert all(len(token) == 4 and token[0] == token[1] for token in told)
    chances = [logprob for token in told for _, logprob in token[:2]]
    assert chances == pytest.approx([logprob for token in theirs for _, logprob in token[:2]], abs=0.3)


def test_chances_are_of_the_model_and_know_of_no_schema(engine: IkEngine) -> None:
    question = ask("Hello!", max_tokens=8, top_logprobs=1, json_schema={"const": "zebra"})
    tokens = [t for chunk in engine.stream(question) if isinstance(chunk, TextChunk) for t in chunk.tokens]
    assert "".join(token[0][0] for token in tokens) == '"zebra"'
    assert sum(token[0][1] for token in tokens) < -3


def test_what_was_read_once_is_not_read_again(server: tuple[int, str]) -> None:
    begin = "The quick brown fox jumps over the lazy dog. " * 12
    first = complete(server, prompt=begin + "One")
    again = complete(server, prompt=begin + "Two")
    assert again["timings"]["cache_n"] >= 0.9 * first["tokens_evaluated"]
    assert again["tokens_evaluated"] == first["tokens_evaluated"]


def test_a_slot_is_kept_in_a_file_and_taken_from_it_again(server: tuple[int, str]) -> None:
    prompt = "All happy families are alike; " * 20
    told = complete(server, prompt=prompt, id_slot=0)
    saved = post(server, "/slots/0?action=save", {"filename": "a.slot"})
    assert saved["n_saved"] >= told["tokens_evaluated"]
    complete(server, prompt="Something else entirely, and not short.", id_slot=0)
    assert post(server, "/slots/0?action=restore", {"filename": "a.slot"})["n_restored"] == saved["n_saved"]
    again = complete(server, prompt=prompt, id_slot=0)
    assert again["timings"]["cache_n"] == told["tokens_evaluated"] - 1
    assert again["content"] == told["content"]
    for name in ("../a.slot", ".a", "none.slot"):
        with pytest.raises(Refused):
            post(server, "/slots/0?action=restore", {"filename": name})


def test_one_conversation_changes_nothing_in_another(server: tuple[int, str]) -> None:
    text = [
        "Once",
        "upon",
        "a",
        "time",
        "there",
        "was",
        "a",
        "curious",
        "fox",
        "who",
        "lived",
        "in",
        "the",
        "forest",
        "and",
        "every",
        "day",
        "it",
        "went",
    ]
    lengths = (17, 9, 11, 18, 11, 18, 13, 3, 15, 6)
    told: dict[tuple[int, int], str] = {}
    for at, length in enumerate(lengths):
        for slot in (at % 2, 1 - at % 2):
            told[length, slot] = complete(server, prompt=" ".join(text[:length]), id_slot=slot, n_predict=3)["content"]
    for (n, slot), before in told.items():
        fresh = complete(server, prompt="Again. " * (n + 1), id_slot=slot, n_predict=1)
        assert fresh["tokens_predicted"] == 1
        assert complete(server, prompt=" ".join(text[:n]), id_slot=slot, n_predict=3)["content"] == before


def test_a_stop_is_not_written_and_ends_the_answer(server: tuple[int, str]) -> None:
    told = complete(server, prompt="1, 2, 3, 4, 5,", stop=["8"], n_predict=40)
    assert told["stop_type"] == "word"
    assert "7" in told["content"]
    assert "8" not in told["content"]


def test_a_schema_holds_at_any_temperature_and_side_by_side(server: tuple[int, str]) -> None:
    schema = {
        "type": "object",
        "properties": {"city": {"enum": ["Paris", "北京"]}, "n": {"type": "integer", "minimum": 0, "maximum": 9}},
        "required": ["city", "n"],
        "additionalProperties": False,
    }

    def once(seed: int) -> Any:
        body = complete(server, prompt="A city: ", json_schema=schema, temperature=1.2, seed=seed, n_predict=60)
        return json.loads(body["content"])

    with ThreadPoolExecutor(4) as pool:
        for told in pool.map(once, range(6)):
            assert told["city"] in {"Paris", "北京"}
            assert 0 <= told["n"] <= 9


def test_a_seed_gives_the_same_again(server: tuple[int, str]) -> None:
    # The first one reads the prompt in another shape of batch, which may tip a close choice.
    told = [complete(server, prompt="Once upon a time", temperature=1.0, seed=7)["content"] for _ in range(3)]
    assert told[1] == told[2]


def test_a_chat_is_answered_as_openai_does_whole_and_streamed(server: tuple[int, str]) -> None:
    body = {"messages": [{"role": "user", "content": "Say hello."}], "max_tokens": 8, "temperature": 0}
    whole = post(server, "/v1/chat/completions", body)
    events = [e for e in stream_events(server, "/v1/chat/completions", {**body, "stream": True}, tick=0.1) if e]
    text = "".join(event["choices"][0]["delta"].get("content", "") for event in events)
    assert text == whole["choices"][0]["message"]["content"]
    usage = events[-1]["usage"]
    assert usage["completion_tokens"] == whole["usage"]["completion_tokens"]
    assert usage["prompt_tokens"] == whole["usage"]["prompt_tokens"]


def test_a_text_is_gone_on_with_as_openai_does_whole_and_streamed(server: tuple[int, str]) -> None:
    body = {"prompt": "The capital of France is", "max_tokens": 6, "temperature": 0}
    whole = post(server, "/v1/completions", body)
    assert whole["object"] == "text_completion"
    assert "Paris" in whole["choices"][0]["text"]
    assert (whole["choices"][0]["finish_reason"], whole["usage"]["completion_tokens"]) == ("length", 6)
    events = [event for event in stream_events(server, "/v1/completions", body | {"stream": True}, tick=1.0) if event]
    assert "".join(event["choices"][0]["text"] for event in events) == whole["choices"][0]["text"]
    assert events[-1]["usage"]["prompt_tokens"] == whole["usage"]["prompt_tokens"]


@pytest.mark.parametrize("field", [{"logprobs": True}, {"logit_bias": {"1": 2}}])
def test_what_it_can_not_tell_is_refused_and_not_left_out(server: tuple[int, str], field: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        post(server, "/v1/chat/completions", {"messages": [{"role": "user", "content": "Hello"}], **field})
    assert refused.value.status == 400


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/completion", {}, 400),
        ("/completion", {"prompt": ""}, 400),
        ("/completion", {"prompt": "a", "json_schema": {"type": "nonsense"}}, 400),
        ("/completion", {"prompt": "a", "temperature": "hot"}, 400),
        ("/apply-template", {"messages": 3}, 400),
        ("/nothing", {}, 404),
    ],
)
def test_a_bad_request_is_refused_and_the_next_one_works(
    server: tuple[int, str], path: str, body: dict[str, object], status: int
) -> None:
    with pytest.raises(Refused) as caught:
        post(server, path, body)
    assert caught.value.status == status
    assert complete(server, prompt="Hello")["tokens_predicted"] > 0


def test_without_the_key_nothing_is_told(server: tuple[int, str]) -> None:
    with pytest.raises(Refused) as caught:
        post((server[0], "wrong"), "/tokenize", {"content": "a"})
    assert caught.value.status == 401


def test_a_cancelled_stream_frees_its_slot_in_the_middle_of_a_prompt(engine: IkEngine) -> None:
    stream = engine.stream(ask("word " * 1500, max_tokens=64))
    next(stream)
    stream.close()
    end = list(engine.stream(ask("Say hello.")))[-1]
    assert isinstance(end, FinalChunk)
