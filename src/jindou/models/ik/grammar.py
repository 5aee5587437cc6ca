"""Output that fits a JSON schema, by llguidance: the library that llama.cpp itself uses for it."""

import importlib
from typing import Any

from jindou.models.ik.library import Library

__all__ = ["Grammars", "Unreadable"]


class Unreadable(Exception):
    """No grammar can be made of a schema; the message says why."""


class _Tokenizer:
    """The vocabulary as llguidance asks for it."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self.tokens, self.special_token_ids, self.eos_token_id = library.vocabulary()
        self.bos_token_id = None

    def __call__(self, text: str | bytes) -> list[int]:
        return self._library.tokenize(text.decode("utf-8", "replace") if isinstance(text, bytes) else text)


class Grammars:
    """Makes grammars for one vocabulary, which is read when the first one is asked for."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._guidance: Any = importlib.import_module("llguidance")
        self._tokenizer: Any = None

    def open(self, schema: str) -> Any:
        """Return a matcher for a JSON schema.

        Raises:
            Unreadable: it can't be kept to.
        """
        if self._tokenizer is None:
            wrapped = self._guidance.TokenizerWrapper(_Tokenizer(self._library))
            self._tokenizer = self._guidance.LLTokenizer(wrapped)
        try:
            rules = self._guidance.LLMatcher.grammar_from_json_schema(schema)
        except ValueError as error:
            raise Unreadable(str(error)) from None
        matcher: Any = self._guidance.LLMatcher(self._tokenizer, rules)
        if matcher.is_error():
            raise Unreadable(str(matcher.get_error()).splitlines()[0])
        return matcher
