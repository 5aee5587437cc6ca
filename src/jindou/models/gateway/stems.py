"""The stems of words that mean something: what a request and a tool's description are compared by."""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from typing import Final

import yaml

__all__ = ["WORD", "akin", "bare", "empty_words", "is_latin", "words_of"]

WORD: Final = re.compile(r"[^\W\d_\u4e00-\u9fff]{2,}|[\u4e00-\u9fff]")
"""A word, or a Chinese sign: between those there are no spaces to tell words by."""

_SHORTEST: Final = 3
_BEGINNING: Final = 5
_LONGEST: Final = 64
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_LATIN: Final = re.compile(r"[A-Za-z]")


def words_of(text: str) -> set[str]:
    """Return the stems of the words of a text, or of a name such as ``free_entry``, that mean something."""
    return {_stem(word) for word in set(WORD.findall(_HUMP.sub(" ", text).lower())) - empty_words()}


def akin(words: Iterable[str], others: Iterable[str]) -> bool:
    """Say whether one of the stems `words` begins as one of `others` does, with five letters or more, and half of each.

    Words that begin alike are mostly forms of one, or one of them is mistyped: transit and transportation, electropop
    and electropp. (Truncation to five letters finds about what stemming finds: F. Can et al., "Information retrieval on
    Turkish texts", JASIST 59(3), 2008. Half of each tells interesting from international.)
    """
    begun = {beginning for word in words for beginning in _beginnings(word)}
    return bool(begun) and any(beginning in begun for other in others for beginning in _beginnings(other))


def _beginnings(word: str) -> Iterator[str]:
    """Return what is half of `word` or more, and five letters; none of what is too long for a word."""
    lengths = range(max(_BEGINNING, (len(word) + 1) // 2), len(word) + 1) if len(word) <= _LONGEST else ()
    return (word[:length] for length in lengths)


@cache
def empty_words() -> frozenset[str]:
    """Return the words that hardly any English sentence is without: they say nothing of what it is about."""
    return frozenset(_lists()["empty"])


def bare(text: str) -> str:
    """Return the letters and digits of `text`."""
    return "".join(sign for sign in text.casefold() if sign.isalnum())


def is_latin(text: str) -> bool:
    """Return whether most letters of `text` are Latin ones."""
    letters = sum(map(str.isalpha, text))
    return 2 * len(_LATIN.findall(text)) > letters


def _stem(word: str) -> str:
    if word in _plurals():
        return _plurals()[word]
    ending = next((e for e in _lists()["endings"] if word.endswith(e) and len(word) - len(e) >= _SHORTEST), "")
    return word.removesuffix(ending)


@cache
def _plurals() -> dict[str, str]:
    return dict(pair.split(":") for pair in _lists()["plurals"])


@cache
def _lists() -> dict[str, list[str]]:
    source = files("jindou.models.gateway") / "stems.yaml"
    return {name: words.split() for name, words in yaml.safe_load(source.read_text(encoding="utf-8")).items()}
