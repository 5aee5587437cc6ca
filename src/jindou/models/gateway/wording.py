"""How much of a tool's words a request shares: a cheap and good sign of whether the tool is for it.

Stems of content words are compared. A request in other letters or another language than the tool's shares nothing with
it, whatever it asks for, so then there is no such sign.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final, NamedTuple, cast

import yaml

from jindou.models.gateway.copying import numbers_in
from jindou.models.gateway.types import ToolSchema

__all__ = ["Overlap", "all_said", "is_made_up", "left_out", "overlap", "share_said", "without_made_up", "words_of"]

_SHORTEST: Final = 3
_MANY: Final = 6
_WORD: Final = re.compile(r"[^\W\d_\u4e00-\u9fff]{2,}|[\u4e00-\u9fff]")
_DIGITS: Final = re.compile(r"\d+(?:\.\d+)?")
_NAME: Final = re.compile(r"(?<=[^\s.!?:])\s+[\"'(]?([A-Z][\w-]+)")
_POWER: Final = re.compile(r"\^\d+")
_HUNDRED: Final = 100
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_LATIN: Final = re.compile(r"[A-Za-z]")


class Overlap(NamedTuple):
    """The share of the tool's name, of its description, and of the request that the others have, too."""

    name: float
    description: float
    request: float


def overlap(request: str, tool: ToolSchema) -> Overlap | None:
    """Return what `request` and `tool` share; None if they are in different letters or, it seems, languages."""
    described = f"{tool.name} {tool.description}"
    if _is_latin(request) != _is_latin(described) or _is_foreign(request) > _is_foreign(described):
        return None
    asked, name, description = words_of(request), words_of(tool.name), words_of(tool.description)
    parameters = words_of(" ".join(_parameter_words(tool)))
    return Overlap(_share(name, asked), _share(description, asked), _share(asked, name | description | parameters))


def share_said(values: object, request: str) -> float | None:
    """Return how many of `values`, however deep, stand in `request`; None if there are none.

    A value that is not there as it is counts by the share of its words that are: "New York, NY" for New York.
    """
    source, words = _bare(request), set(_WORD.findall(request.lower()))
    found = [_said_of(str(value), source, words) for value in _leaves(values) if _bare(str(value))]
    return sum(found) / len(found) if found else None


def all_said(values: object, said: str) -> bool:
    """Return whether each of `values`, however deep, stands in what was `said` as it is."""
    source = _bare(said)
    return all(_bare(str(value)) in source for value in _leaves(values))


def is_made_up(values: object, said: str) -> bool:
    """Return whether one of `values`, however deep, has nothing that was `said`: no word and no number.

    A number may be said as a percentage, and a date in another form. Truth values are not said at all.
    """
    numbers = {float(digits) for digits in _DIGITS.findall(said.replace(",", ""))}
    numbers |= {number / _HUNDRED for number in numbers}
    source, words = _bare(said), set(_WORD.findall(said.lower()))

    def is_said(value: str) -> bool:
        has_number = any(float(digits) in numbers for digits in _DIGITS.findall(value))
        return has_number or not _bare(value) or _said_of(value, source, words) > 0.0

    return not all(is_said(str(value)) for value in _leaves(values))


def _said_of(value: str, source: str, words: set[str]) -> float:
    return 1.0 if _bare(value) in source else _share(set(_WORD.findall(value.lower())), words)


def left_out(request: str, values: object, tools: Sequence[ToolSchema]) -> set[object]:
    """Return the numbers and names in `request` that are in none of `values`, however deep, nor in the tools' words.

    A name is a word with a capital, unless it begins a sentence.
    """
    used = " ".join(str(value) for value in _leaves(values))
    shown = _bare(" ".join([used, *(f"{tool.name} {tool.description}" for tool in tools)]))
    numbers = set(numbers_in(used))
    names = {name for name in _NAME.findall(request) if _bare(name) not in shown and name.lower() not in _empty()}
    left = {
        n for n in numbers_in(_POWER.sub("", request)) if n not in numbers and float(str(n)) / _HUNDRED not in numbers
    }
    return left | names


def without_made_up(arguments: Mapping[str, object], schema: Mapping[str, Any], said: str) -> dict[str, object]:
    """Return `arguments` without optional texts of which nothing was `said`: the tool's own defaults are better.

    One whose name was spoken of may be told in other words than the tool's: "free" is a ``free_entry`` of ``True``. A
    text in other letters than what was said may be a translation, and stays.
    """
    required = cast("Sequence[str]", schema.get("required", []))
    words, source = words_of(said), _bare(said)

    def is_made_up(name: str, value: object) -> bool:
        if not isinstance(value, str) or _is_latin(value) != _is_latin(said):
            return False
        return _bare(value) not in source and not (words_of(value) | words_of(name)) & words

    return {name: value for name, value in arguments.items() if name in required or not is_made_up(name, value)}


def _leaves(value: object) -> Iterator[object]:
    """Yield what can be said or not: a truth value or nothing can't."""
    if isinstance(value, dict):
        for inner in cast("dict[str, object]", value).values():
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in cast("list[object]", value):
            yield from _leaves(inner)
    elif isinstance(value, float) and value.is_integer():
        yield int(value)
    elif value is not None and not isinstance(value, bool):
        yield value


def _bare(text: str) -> str:
    return "".join(sign for sign in text.casefold() if sign.isalnum())


def _is_latin(text: str) -> bool:
    letters = [sign for sign in text if sign.isalpha()]
    return 2 * sum(bool(_LATIN.match(sign)) for sign in letters) > len(letters)


def _is_foreign(text: str) -> bool:
    """Return whether `text` has many words, and none of those that hardly any English sentence is without."""
    words = _WORD.findall(text.lower())
    return len(words) >= _MANY and not set(words) & set(_empty())


def _parameter_words(tool: ToolSchema) -> list[str]:
    words: list[str] = []
    for name, schema in cast("Mapping[str, Mapping[str, Any]]", tool.parameters.get("properties", {})).items():
        words += [name, str(schema.get("description") or ""), *(str(option) for option in schema.get("enum") or ())]
    return words


def words_of(text: str) -> set[str]:
    """Return the stems of the words of a text, or of a name such as ``free_entry``, that mean something."""
    return {_stem(word) for word in _WORD.findall(_HUMP.sub(" ", text).lower()) if word not in _empty()}


def _empty() -> list[str]:
    return _lists()["empty"]


def _stem(word: str) -> str:
    ending = next((e for e in _lists()["endings"] if word.endswith(e) and len(word) - len(e) >= _SHORTEST), "")
    return word.removesuffix(ending)


@cache
def _lists() -> dict[str, list[str]]:
    source = files("jindou.models.gateway") / "wording.yaml"
    return {name: words.split() for name, words in yaml.safe_load(source.read_text(encoding="utf-8")).items()}


def _share(of: set[str], among: set[str]) -> float:
    return len(of & among) / len(of) if of else 0.0
