"""Whatever a client sends to the other APIs, it is a request or refused as one that is wrong."""

import contextlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jindou.errors import Invalid
from jindou.models.completions import ChatRequest
from jindou.surfaces.http.v1 import messages_request, responses_request, text_completions

_WORDS = st.sampled_from(("user", "assistant", "system", "text", "input_text", "tool_use", "function_call", "message"))
_KEYS = st.sampled_from(("type", "role", "content", "text", "id", "name", "call_id", "input", "arguments", "output"))
_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text() | _WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=5),
    max_leaves=8,
)
_FIELDS = ("messages", "input", "system", "tools", "tool_choice", "text", "prompt", "stop_sequences", "max_tokens", "n")


def _chat(read: Callable[[bytes], Any], chat_of: Callable[[Any], Any]) -> Callable[[bytes], object]:
    def made(body: bytes) -> object:
        chat = chat_of(read(body))
        with chat.naming():
            return ChatRequest.of(chat.body)

    return made


READERS: dict[str, tuple[dict[str, Any], Callable[[bytes], object]]] = {
    "messages": (
        {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "x"}]},
        _chat(messages_request.read, messages_request.chat_of),
    ),
    "responses": ({"model": "m", "input": "x"}, _chat(responses_request.read, responses_request.chat_of)),
    "texts": (
        {"model": "m", "prompt": "x"},
        lambda body: text_completions.asked_of(text_completions.read(body)),
    ),
}


@pytest.mark.parametrize("api", READERS)
@settings(max_examples=300, deadline=None)
@given(change=st.dictionaries(st.sampled_from(_FIELDS), _JSON, min_size=1, max_size=3))
def test_no_body_is_more_than_wrong(api: str, change: dict[str, Any]) -> None:
    good, read = READERS[api]
    with contextlib.suppress(Invalid):
        read(json.dumps({name: value for name, value in (good | change).items() if name in good}).encode())
    with contextlib.suppress(Invalid):
        read(json.dumps(good | change).encode())
