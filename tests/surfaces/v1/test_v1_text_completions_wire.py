import json
from typing import Any

import pytest
from openai.types import Completion
from wire_events import BEGUN, STOPPED, USED, unnamed

from jindou.errors import Invalid
from jindou.surfaces.http.v1.text_completions import Choice, TextStream, asked_of, choices_of, read, text_completion

GOOD: dict[str, Any] = {"model": "m", "prompt": "Hello"}


def request(**change: Any) -> bytes:
    return json.dumps(GOOD | change).encode()


def raw(*choices: tuple[int, str, str | None]) -> list[bytes]:
    said = [{"index": at, "text": text, "finish_reason": why, "logprobs": None} for at, text, why in choices]
    return [json.dumps(said).encode()]


def test_each_prompt_is_sent_as_it_is() -> None:
    (one,) = asked_of(read(request(stop="x", seed=7, n=2, user="u")))
    assert one.path == "/completions"
    assert one.body == {"model": "m", "prompt": "Hello", "max_tokens": 16, "n": 2, "stop": "x", "seed": 7}
    assert one.worst is not None
    assert (one.worst.input_tokens, one.worst.output_tokens) == (12, 32)
    both = asked_of(read(request(prompt=["a", "b"], max_tokens=5, stream=True)))
    assert [asked.body["prompt"] for asked in both] == ["a", "b"]
    assert all(asked.stream and asked.body["stream_options"] == {"include_usage": True} for asked in both)


@pytest.mark.parametrize(
    ("change", "field", "rule"),
    [
        ({"prompt": None}, "prompt", "invalid_type"),
        ({"prompt": []}, "prompt", "invalid_value"),
        ({"prompt": [1, 2]}, "prompt", "invalid_value"),
        ({"prompt": [[1], [2]]}, "prompt", "invalid_value"),
        ({"prompt": ["a"] * 33}, "prompt", "invalid_value"),
        ({"best_of": 3}, "best_of", "invalid_value"),
        ({"echo": True}, "echo", "invalid_value"),
        ({"suffix": "x"}, "suffix", "invalid_value"),
        ({"logprobs": 0}, "logprobs", "invalid_value"),
        ({"logit_bias": {"1": 2}}, "logit_bias", "invalid_value"),
        ({"n": 0}, "n", "invalid_value"),
        ({"max_tokens": 10**30}, "max_tokens", "invalid_value"),
        ({"seed": 2**70}, "seed", "invalid_value"),
        ({"stop": ["a"] * 5}, "stop", "invalid_value"),
        ({"messages": []}, "messages", "unknown_parameter"),
    ],
)
def test_a_field_that_is_wrong_is_named(change: dict[str, Any], field: str, rule: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(request(**change))
    assert (refused.value.field, refused.value.rule) == (field, rule)


def test_choices_come_in_the_order_of_the_prompts_with_the_usage_of_all() -> None:
    first = [Choice("ac", 0, "stop"), Choice("b", 1, "length")]
    second = choices_of(raw((0, "", "stop"), (1, "d", "stop")))
    body = text_completion(BEGUN, read(request(prompt=["x", "y"], n=2)), [first, second], USED + USED)
    made = Completion.model_validate_json(body)
    assert (made.id, made.object) == ("cmpl-1", "text_completion")
    assert [(choice.index, choice.text, choice.finish_reason) for choice in made.choices] == [
        (0, "ac", "stop"),
        (1, "b", "length"),
        (2, "", "stop"),
        (3, "d", "stop"),
    ]
    assert made.usage is not None
    assert (made.usage.prompt_tokens, made.usage.completion_tokens) == (200, 14)


def test_a_stream_brings_one_prompt_after_another_and_the_usage_of_all_last() -> None:
    stream = TextStream(BEGUN, read(request(prompt=["a", "b"], stream_options={"include_usage": True})))
    told = unnamed(
        stream.of(raw((0, "A", None)))
        + stream.of(raw((0, "", "stop")))
        + stream.end(STOPPED)
        + stream.of(raw((0, "B", "length")))
        + stream.end(STOPPED)
    )
    assert stream.is_over
    assert told[-1] == "[DONE]"
    choices = [choice for chunk in told[:-1] for choice in chunk["choices"]]
    assert [(choice["index"], choice["text"], choice["finish_reason"]) for choice in choices] == [
        (0, "A", None),
        (0, "", "stop"),
        (1, "B", "length"),
    ]
    assert told[-2]["usage"]["prompt_tokens"] == 200
    assert all(chunk["usage"] is None for chunk in told[:-2])
