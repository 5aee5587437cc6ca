"""What is held for a request is more than it can use, whoever's engine reads it."""

from typing import Any

from jindou.models.completions import ChatRequest
from jindou.models.completions.plan import worst_of

HELLO: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}


def held(body_bytes: int, *, most_prompt: int | None, harnessed: bool = False, **fields: object) -> tuple[int, int]:
    worst = worst_of(ChatRequest.of(HELLO | fields), body_bytes, 8192, most_prompt=most_prompt, harnessed=harnessed)
    return worst.input_tokens, worst.output_tokens


def test_a_prompt_for_an_engine_of_ours_is_no_longer_than_its_context() -> None:
    assert held(100_000, most_prompt=8192) == (8192, 8192)
    assert held(100, most_prompt=8192, max_tokens=10) == (1124, 10)


def test_nobody_here_knows_what_an_engine_elsewhere_refuses() -> None:
    assert held(100_000, most_prompt=None, max_tokens=10) == (101_024, 10)


def test_a_picture_is_more_than_its_address() -> None:
    parts = [{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": {"url": "https://a/b.png"}}]
    messages = [{"role": "user", "content": parts}]
    assert held(1100, most_prompt=None, max_tokens=10, messages=messages)[0] > 16_384 + 2_000


def test_a_picture_in_the_body_is_no_longer_than_one_elsewhere() -> None:
    data = "data:image/png;base64," + "A" * 500_000
    messages = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": data, "detail": "low"}}]}]
    assert held(500_200, most_prompt=None, max_tokens=10, messages=messages)[0] < 20_000


def test_the_harness_asks_several_times_and_reads_what_it_wrote() -> None:
    tools = [{"type": "function", "function": {"name": "f"}}]
    assert held(100, most_prompt=None, harnessed=True, max_tokens=10, tools=tools) == (3 * 1134, 30)
    assert held(100, most_prompt=None, max_tokens=10, tools=tools, n=2) == (2 * 1124, 20)
