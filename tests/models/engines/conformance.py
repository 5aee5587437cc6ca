"""What every engine must do. To hold another engine against it, subclass `EngineConformance` and give `engine`."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from jindou.errors import TooLarge
from jindou.models.engines import Chunk, Engine, EngineRequest, EngineUnavailable, FinalChunk, TextChunk

__all__ = ["EngineConformance", "ask", "text_of"]


def ask(content: str, **fields: object) -> EngineRequest:
    """Return a request with one message of a user."""
    defaults: dict[str, object] = {"max_tokens": 8}
    return EngineRequest(messages=[{"role": "user", "content": content}], **(defaults | fields))  # pyright: ignore[reportArgumentType]


def text_of(chunks: list[Chunk]) -> str:
    """Return the whole text of a stream."""
    return "".join(chunk.text for chunk in chunks if isinstance(chunk, TextChunk))


def end_of(chunks: list[Chunk]) -> FinalChunk:
    end = chunks[-1]
    assert isinstance(end, FinalChunk)
    return end


class EngineConformance:
    """The fixture `engine` is a started engine that nothing else uses."""

    def test_a_started_engine_is_ready_and_starting_again_does_nothing(self, engine: Engine) -> None:
        before = engine.health()
        engine.start()
        assert before.state == "ready"
        assert engine.health().pid == before.pid

    def test_a_stream_is_text_and_then_one_end_with_the_count(self, engine: Engine) -> None:
        chunks = list(engine.stream(ask("Say hello.")))
        assert text_of(chunks)
        assert [isinstance(chunk, FinalChunk) for chunk in chunks].count(True) == 1
        assert end_of(chunks).usage.prompt > 0
        assert end_of(chunks).usage.completion > 0

    def test_output_is_cut_at_max_tokens_and_says_so(self, engine: Engine) -> None:
        end = end_of(list(engine.stream(ask("Count from 1 to 100.", max_tokens=4))))
        assert end.finish_reason == "length"
        assert end.usage.completion == 4

    def test_a_short_answer_ends_by_itself(self, engine: Engine) -> None:
        schema = {"type": "object", "properties": {"a": {"const": 1}}, "required": ["a"], "additionalProperties": False}
        end = end_of(list(engine.stream(ask("Give me a.", max_tokens=64, json_schema=schema))))
        assert end.finish_reason == "stop"

    def test_output_fits_the_schema(self, engine: Engine) -> None:
        schema = {
            "type": "object",
            "properties": {"city": {"enum": ["Paris", "Rome"]}, "size": {"type": "integer", "maximum": 9}},
            "required": ["city", "size"],
            "additionalProperties": False,
        }
        text = text_of(list(engine.stream(ask("Where is the Colosseum?", max_tokens=64, json_schema=schema))))
        assert json.loads(text)["city"] in {"Paris", "Rome"}
        assert isinstance(json.loads(text)["size"], int)

    def test_output_ends_before_a_stop_string(self, engine: Engine) -> None:
        text = text_of(list(engine.stream(ask("Count: 1, 2, 3, and so on up to 20.", max_tokens=40, stop=("5",)))))
        assert "5" not in text

    def test_the_same_request_gives_the_same_text(self, engine: Engine) -> None:
        request = ask("Name a colour.", temperature=0.0, seed=7)
        assert text_of(list(engine.stream(request))) == text_of(list(engine.stream(request)))

    def test_a_prompt_seen_before_comes_from_the_cache(self, engine: Engine) -> None:
        request = ask("The quick brown fox jumps over the lazy dog, and then it rests. What rests?")
        list(engine.stream(request))
        usage = end_of(list(engine.stream(request))).usage
        assert 0 < usage.cached < usage.prompt

    def test_a_closed_stream_leaves_the_engine_free(self, engine: Engine) -> None:
        stream = engine.stream(ask("Write a long story. " * 40, max_tokens=2000))
        next(stream)
        stream.close()
        assert text_of(list(engine.stream(ask("Say hello."))))

    def test_requests_at_the_same_time_are_all_answered(self, engine: Engine) -> None:
        def say(n: int) -> FinalChunk:
            return end_of(list(engine.stream(ask(f"Say {n}."))))

        with ThreadPoolExecutor(4) as pool:
            ends = list(pool.map(say, range(4)))
        assert all(end.usage.completion for end in ends)

    def test_a_prompt_beyond_the_context_is_refused_with_the_number_of_tokens_over(self, engine: Engine) -> None:
        with pytest.raises(TooLarge) as caught:
            list(engine.stream(ask("word " * 9000)))
        assert isinstance(caught.value.params["over"], int)
        assert caught.value.params["over"] > 0

    def test_a_stopped_engine_refuses_requests_and_can_be_started_again(self, engine: Engine) -> None:
        engine.stop()
        assert engine.health().state == "stopped"
        with pytest.raises(EngineUnavailable):
            list(engine.stream(ask("Say hello.")))
        engine.start()
        assert text_of(list(engine.stream(ask("Say hello."))))
