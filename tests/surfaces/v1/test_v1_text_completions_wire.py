import json
from typing import Any

import pytest
from openai.types import Completion
from wire_events import STOPPED, USED, unnamed

from jindou.errors import Invalid, Unavailable
from jindou.surfaces.http.v1.events import Done, Failed, ReasoningPiece, TextPiece
from jindou.surfaces.http.v1.text_completions_wire import TextStream, chats_of, read, text_completion

GOOD: dict[str, Any] = {"model": "m", "prompt": "Hello"}


def request(**change: Any) -> bytes:
    return json.dumps(GOOD | change).encode()


def test_each_prompt_is_a_chat_request() -> None:
    (one,) = chats_of(read(request(stop="x", seed=7, n=2)))
    assert one.body == {
        "model": "m",
        "messages": [{"role": "user", "content": "Hello"}],
        "max_tokens": 16,
        "n": 2,
        "stop": "x",
        "seed": 7,
    }
    both = chats_of(read(request(prompt=["a", "b"], max_tokens=5)))
    assert [chat.body["messages"][0]["content"] for chat in both] == ["a", "b"]
    assert both[1].named("messages[0].content") == "prompt[1]"
    assert one.named("messages[0].content") == "prompt"


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
        ({"messages": []}, "messages", "unknown_parameter"),
    ],
)
def test_a_field_that_is_wrong_is_named(change: dict[str, Any], field: str, rule: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(request(**change))
    assert (refused.value.field, refused.value.rule) == (field, rule)


def test_answers_come_in_the_order_of_the_prompts_with_the_usage_of_all() -> None:
    first = ([TextPiece("a", 0), TextPiece("b", 1), TextPiece("c", 0)], Done(("stop", "length"), USED))
    second = ([TextPiece("d", 1)], Done(("stop", "stop"), USED))
    made = Completion.model_validate_json(text_completion("att_1", "m", 1, [first, second]))
    assert [(choice.index, choice.text, choice.finish_reason) for choice in made.choices] == [
        (0, "ac", "stop"),
        (1, "b", "length"),
        (2, "", "stop"),
        (3, "d", "stop"),
    ]
    assert made.usage is not None
    assert (made.usage.prompt_tokens, made.usage.completion_tokens) == (200, 14)


def test_a_stream_brings_one_prompt_after_another_and_the_usage_of_all_last() -> None:
    asked = read(request(prompt=["a", "b"], stream=True, stream_options={"include_usage": True}))
    stream = TextStream("att_1", "m", 1, asked)
    told = unnamed(b"".join(map(stream.of, [ReasoningPiece("hm"), TextPiece("A"), STOPPED, TextPiece("B"), STOPPED])))
    assert told[-1] == "[DONE]"
    choices = [choice for chunk in told[:-1] for choice in chunk["choices"]]
    assert [(choice["index"], choice["text"], choice["finish_reason"]) for choice in choices] == [
        (0, "A", None),
        (0, "", "stop"),
        (1, "B", None),
        (1, "", "stop"),
    ]
    assert told[-2]["usage"]["prompt_tokens"] == 200
    assert all(chunk["usage"] is None for chunk in told[:-2])


def test_what_fails_in_the_middle_of_a_stream_is_an_error_without_an_end() -> None:
    stream = TextStream("att_1", "m", 1, read(request(stream=True)))
    (told,) = unnamed(stream.of(Failed(Unavailable("The engine died."))))
    assert told["error"]["message"] == "The engine died."
    assert told["error"]["type"] == "server_error"
