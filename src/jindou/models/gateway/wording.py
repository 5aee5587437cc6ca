"""How much of a tool's words a request shares: a cheap and good sign of whether the tool is for it.

Stems of content words are compared. A request in other letters than the tool's shares nothing with it, whatever it
asks for, so then there is no such sign.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final, NamedTuple, cast

import yaml

from jindou.models.gateway.types import ToolSchema

__all__ = ["Overlap", "overlap", "share_said", "without_made_up"]

_SHORTEST: Final = 3
_WORD: Final = re.compile(r"[^\W\d_\u4e00-\u9fff]{2,}|[\u4e00-\u9fff]")
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_LATIN: Final = re.compile(r"[A-Za-z]")


class Overlap(NamedTuple):
    """The share of the tool's name, of its description, and of the request that the others have, too."""

    name: float
    description: float
    request: float


def overlap(request: str, tool: ToolSchema) -> Overlap | None:
    """Return what `request` and `tool` share; None if they are in different letters."""
    described = f"{tool.name} {tool.description}"
    if _is_latin(request) != _is_latin(described):
        return None
    asked, name, description = _content(request), _content(tool.name), _content(tool.description)
    parameters = _content(" ".join(_parameter_words(tool)))
    return Overlap(_share(name, asked), _share(description, asked), _share(asked, name | description | parameters))


def share_said(values: object, request: str) -> float | None:
    """Return how many of `values`, however deep, stand in `request` as they are; None if there are none."""
    source = _bare(request)
    found = [_bare(str(value)) in source for value in _leaves(values) if _bare(str(value))]
    return sum(found) / len(found) if found else None


def without_made_up(arguments: Mapping[str, object], schema: Mapping[str, Any], said: str) -> dict[str, object]:
    """Return `arguments` without optional texts of which nothing was `said`: the tool's own defaults are better.

    A text in other letters than what was said may be a translation, and stays.
    """
    required = cast("Sequence[str]", schema.get("required", []))
    words, source = _content(said), _bare(said)

    def is_made_up(value: object) -> bool:
        if not isinstance(value, str) or _is_latin(value) != _is_latin(said):
            return False
        return _bare(value) not in source and not _content(value) & words

    return {name: value for name, value in arguments.items() if name in required or not is_made_up(value)}


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


def _parameter_words(tool: ToolSchema) -> list[str]:
    words: list[str] = []
    for name, schema in cast("Mapping[str, Mapping[str, Any]]", tool.parameters.get("properties", {})).items():
        words += [name, str(schema.get("description") or ""), *(str(option) for option in schema.get("enum") or ())]
    return words


def _content(text: str) -> set[str]:
    return {_stem(word) for word in _WORD.findall(_HUMP.sub(" ", text).lower()) if word not in _lists()["empty"]}


def _stem(word: str) -> str:
    ending = next((e for e in _lists()["endings"] if word.endswith(e) and len(word) - len(e) >= _SHORTEST), "")
    return word.removesuffix(ending)


@cache
def _lists() -> dict[str, list[str]]:
    source = files("jindou.models.gateway") / "wording.yaml"
    return {name: words.split() for name, words in yaml.safe_load(source.read_text(encoding="utf-8")).items()}


def _share(of: set[str], among: set[str]) -> float:
    return len(of & among) / len(of) if of else 0.0
