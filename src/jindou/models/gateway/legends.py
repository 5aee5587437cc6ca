"""What a parameter's description says of its values: "1 is cleaning, 2 is ironing" is a legend, and 2 means ironing."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from jindou.models.gateway.stems import bare, words_of

__all__ = ["described", "meaning_of", "parameter_words"]

_MOST_CHARACTERS: Final = 4000
_MOST_OPTIONS: Final = 200
_CLAUSE: Final = re.compile(r"[.,](?!\d)|[;()\[\]\n，。；、（）]|\bor\b|\band\b")
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?")
_TOKEN: Final = re.compile(rf"{_NUMBER.pattern}|[^\W\d\u4e00-\u9fff][^\W\u4e00-\u9fff]*|[\u4e00-\u9fff]")


def meaning_of(value: str, schema: Mapping[str, Any]) -> set[str]:
    """Return the stems of what the description in `schema` says of `value`; none if it explains no other value.

    Words that it says of most of the values are of none of them. Hundreds of options are in no legend.
    """
    if len(schema.get("enum") or ()) > _MOST_OPTIONS:
        return set()
    clauses = _CLAUSE.split(str(schema.get("description") or "")[:_MOST_CHARACTERS])
    tokens = [{bare(token) for token in _TOKEN.findall(clause)} for clause in clauses]
    options = schema.get("enum") or _NUMBER.findall(" ".join(clauses))
    codes = {bare(str(option)) for option in options} | {bare(value)}
    legend = [(has, words_of(clause)) for has, clause in zip(tokens, clauses, strict=True) if has & codes]
    own = [words for has, words in legend if bare(value) in has]
    if not own or len(legend) == len(own):
        return set()
    said = set[str]().union(*own) - words_of(" ".join(str(option) for option in options))
    return {word for word in said if 2 * sum(word in words for _, words in legend) <= len(legend)}


def described(value: object, schema: Mapping[str, Any]) -> Iterator[tuple[object, Mapping[str, Any]]]:
    """Yield every value within `value`, however deep, with its schema as far as there is one."""
    if isinstance(value, dict):
        properties = _mapping(schema.get("properties"))
        for name, inner in cast("dict[str, object]", value).items():
            yield from described(inner, _mapping(properties.get(name)))
    elif isinstance(value, list):
        for inner in cast("list[object]", value):
            yield from described(inner, _mapping(schema.get("items")))
    else:
        yield value, schema


def parameter_words(schema: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of the parameters within `schema`, however deep, with what is said of them."""
    for name, of in _mapping(schema.get("properties")).items():
        inner = _mapping(of)
        yield from (name, str(inner.get("description") or ""), *(str(option) for option in inner.get("enum") or ()))
        yield from parameter_words(inner)
    if isinstance(schema.get("items"), Mapping):
        yield from parameter_words(_mapping(schema.get("items")))


def _mapping(found: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", found) if isinstance(found, Mapping) else {}
