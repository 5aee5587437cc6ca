"""Calls are read out of whatever form a model gives them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jindou.models.gateway.parsing import WrittenCall, read

LOOK = WrittenCall("look", {"id": "SO-1"})
FORMS = {
    "bare": '{"name": "look", "arguments": {"id": "SO-1"}}',
    "fenced": '```json\n{"name": "look", "arguments": {"id": "SO-1"}}\n```',
    "fenced without a language": '```\n{"name": "look", "arguments": {"id": "SO-1"}}\n```',
    "tagged": '<tool_call>\n{"name": "look", "arguments": {"id": "SO-1"}}\n</tool_call>',
    "tagged otherwise": '<tools>\n{"name": "look", "arguments": {"id": "SO-1"}}\n</tools>',
    "under another key": '{"name": "look", "parameters": {"id": "SO-1"}}',
    "in OpenAI's form": '{"type": "function", "function": {"name": "look", "arguments": "{\\"id\\": \\"SO-1\\"}"}}',
    "with a trailing comma": '{"name": "look", "arguments": {"id": "SO-1",},}',
    "in single quotes": "{'name': 'look', 'arguments': {'id': 'SO-1'}}",
    "in a list": '[{"name": "look", "arguments": {"id": "SO-1"}}]',
    "without its end": '{"name": "look", "arguments": {"id": "SO-1',
    "with prose after it": '{"name": "look", "arguments": {"id": "SO-1"}}\nThis looks at the order.',
}


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS.keys())
def test_a_call_is_read(text: str) -> None:
    assert read(text, complete=True).calls == (LOOK,)


def test_words_before_a_call_are_kept() -> None:
    reading = read(f"Let me look.\n{FORMS['fenced']}", complete=True)
    assert (reading.words, reading.calls) == ("Let me look.", (LOOK,))


def test_several_calls_are_read_in_their_order() -> None:
    text = f"{FORMS['tagged']}\n{FORMS['tagged'].replace('SO-1', 'SO-2')}"
    assert [call.arguments["id"] for call in read(text, complete=True).calls] == ["SO-1", "SO-2"]


def test_python_words_become_values() -> None:
    text = '{"name": "look", "arguments": {"a": True, "b": None, "c": false, "d": "True story"}}'
    assert read(text, complete=True).calls[0].arguments == {"a": True, "b": None, "c": False, "d": "True story"}


def test_half_a_call_that_was_cut_is_not_completed() -> None:
    reading = read('{"name": "refund", "arguments": {"amount": 25', complete=False)
    assert reading.calls == ()
    assert reading.unreadable


@pytest.mark.parametrize("text", ["Hello!", "The price is 5 < 6.", "Use `git log`.", "你好", ""])
def test_words_are_no_call(text: str) -> None:
    reading = read(text, complete=True)
    assert (reading.words, reading.calls, reading.unreadable) == (text, (), False)


@pytest.mark.parametrize("text", ['{"city": "Rome"}', "{{{{", "[1, 2", '{"name": 5}'])
def test_what_looks_like_a_call_and_is_none_is_unreadable(text: str) -> None:
    reading = read(text, complete=True)
    assert reading.calls == ()
    assert reading.unreadable


@given(st.text(alphabet=st.sampled_from("{}[]\"'\\`<>,: \n\tntool_cajsfe15é中"), max_size=200), st.booleans())
def test_no_text_makes_the_reader_fail(text: str, complete: bool) -> None:  # noqa: FBT001 - hypothesis fills it in
    read(text, complete=complete)
