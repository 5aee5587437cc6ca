"""How much of a tool's words a request shares: a cheap and good sign of whether the tool is for it.

Stems of content words are compared. A request in other letters or another language than the tool's shares nothing with
it, whatever it asks for, so then there is no such sign.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final, NamedTuple, cast

from jindou.models.gateway.copying import is_nearly, numbers_in
from jindou.models.gateway.legends import described, meaning_of, parameter_words
from jindou.models.gateway.stems import WORD, akin, bare, empty_words, is_latin, words_of
from jindou.models.gateway.telling import Told, numbers_of
from jindou.models.gateway.types import ToolSchema

__all__ = ["Overlap", "all_said", "is_made_up", "left_out", "overlap", "share_said", "without_made_up"]

_MANY: Final = 6
_MOST_NAMES: Final = 64
_MOST_SAID: Final = 512
_DATE: Final = re.compile(r"\d{4}-\d\d?-\d\d?(?:[T ]\d\d?:\d\d(?::\d\d)?Z?)?")
_DIGITS: Final = re.compile(r"\d+(?:\.\d+)?")
_NAME: Final = re.compile(r"(?<=[^\s.!?:])\s+[\"'(]?([A-Z][\w-]+)")
_POWER: Final = re.compile(r"\^\d+")
_HUNDRED: Final = 100


class Overlap(NamedTuple):
    """The share of the tool's name, of its description, and of the request that the others have, too."""

    name: float
    description: float
    request: float


def overlap(request: str, tool: ToolSchema) -> Overlap | None:
    """Return what `request` and `tool` share; None if they are in different letters or, it seems, languages."""
    told = f"{tool.name} {tool.description}"
    if is_latin(request) != is_latin(told) or _is_foreign(request) > _is_foreign(told):
        return None
    asked, name, description = words_of(request), words_of(tool.name), words_of(tool.description)
    parameters = words_of(" ".join(parameter_words(tool.parameters)))
    return Overlap(_share(name, asked), _share(description, asked), _share(asked, name | description | parameters))


def share_said(values: object, request: str, schema: Mapping[str, Any] | None = None) -> float | None:
    """Return how many of `values`, however deep, stand in `request`; None if that can't be told of any.

    A value that is not there as it is counts by the share of its words that are: "New York, NY" for New York. One whose
    meaning `schema` explains is said by words of that. One that is in other letters than the request may be a
    translation, and a default says nothing: they don't count.
    """
    source, words, stems = bare(request), set(WORD.findall(request.lower())), words_of(request)
    found: list[float] = []
    for value, of in described(values, schema or {}):
        text = _sayable(value)
        if not bare(text) or value == of.get("default", ...):
            continue
        meaning = meaning_of(text, of)
        share = 1.0 if meaning & stems else _said_of(text, source, words)
        if share or not _is_other(text if not meaning else " ".join(meaning), request):
            found.append(share)
    return sum(found) / len(found) if found else None


def _is_other(text: str, request: str) -> bool:
    """Return whether `text` has letters, but others than `request`."""
    return any(sign.isalpha() for sign in text) and is_latin(text) != is_latin(request)


def all_said(values: object, said: str) -> bool:
    """Return whether each of `values`, however deep, stands in what was `said` as it is."""
    source = bare(said)
    return all(bare(value) in source for value in _leaves(values))


def is_made_up(values: object, said: str) -> bool:
    """Return whether one of `values`, however deep, has nothing that was `said`: no word and no number.

    A number may be said as a percentage, and a date in another form. Truth values are not said at all.
    """
    numbers = {float(digits) for digits in _DIGITS.findall(said.replace(",", ""))}
    numbers |= {number / _HUNDRED for number in numbers}
    source, words = bare(said), set(WORD.findall(said.lower()))

    def is_said(value: str) -> bool:
        has_number = any(float(digits) in numbers for digits in _DIGITS.findall(value))
        return has_number or not bare(value) or _said_of(value, source, words) > 0.0

    return not all(is_said(value) for value in _leaves(values))


def _said_of(value: str, source: str, words: set[str]) -> float:
    return 1.0 if bare(value) in source else _share(set(WORD.findall(value.lower())), words)


def left_out(request: str, values: object, tools: Sequence[ToolSchema]) -> set[object]:
    """Return the numbers and names in `request` that are in none of `values`, however deep, nor in the tools' words.

    A name is a word with a capital, unless it begins a sentence. One that is mistyped may be used without its slip.
    """
    used = " ".join(_leaves(values))
    shown = bare(" ".join([used, *(f"{tool.name} {tool.description}" for tool in tools)]))
    numbers = set(numbers_in(used))
    said = list(dict.fromkeys(_NAME.findall(request)))[:_MOST_SAID]
    names = {name for name in said if bare(name) not in shown and name.lower() not in empty_words()}
    if len(names) <= _MOST_NAMES:
        # What stands in the request as it is was not put right.
        own = sorted(set(WORD.findall(used.lower())) - set(WORD.findall(request.lower())))[:_MOST_NAMES]
        names = {name for name in names if not is_nearly(name.lower(), own)}
    left = {
        n for n in numbers_in(_POWER.sub("", request)) if n not in numbers and float(str(n)) / _HUNDRED not in numbers
    }
    return left | names


def without_made_up(arguments: Mapping[str, object], schema: Mapping[str, Any], told: Told) -> dict[str, object]:
    """Return `arguments` without optional texts of which nothing was said: the tool's own defaults are better.

    One whose name or meaning a person spoke of may be told in other words: "free" is a ``free_entry`` of ``True``. So
    it is with instructions, but these may be long: they have to say the whole value, or name. A text in other letters
    than what was said may be a translation, and stays; so does a date if one of its numbers was told, or any year,
    since it may be reckoned from today's.
    """
    required = cast("Sequence[str]", schema.get("required", []))
    properties = cast("Mapping[str, Mapping[str, Any]]", schema.get("properties", {}))

    def is_made_up(name: str, value: object) -> bool:
        return isinstance(value, str) and _is_unsaid(value, properties.get(name, {}), told, words_of(name))

    return {name: value for name, value in arguments.items() if name in required or not is_made_up(name, value)}


def _is_unsaid(value: str, schema: Mapping[str, Any], told: Told, name: AbstractSet[str]) -> bool:
    if _DATE.fullmatch(value.strip()):
        return not (told.has_year or numbers_of(value) & told.numbers or (name and name <= told.asked))
    if (
        not any(sign.isalpha() for sign in value)
        or is_latin(value) != told.is_latin
        or bare(value) in told.source
        or words_of(value) & told.words
        or told.demands(value)
        or akin(words_of(value), told.asked)
    ):
        return False
    meaning = meaning_of(value, schema)
    return not ((name | meaning) & told.asked or meaning & told.instructed or (name and name <= told.instructed))


def _leaves(value: object) -> Iterator[str]:
    """Yield what can be said or not: a truth value or nothing can't."""
    yield from filter(None, (_sayable(leaf) for leaf, _ in described(value, {})))


def _sayable(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None or isinstance(value, bool) else str(value)


def _is_foreign(text: str) -> bool:
    """Return whether `text` has many words, and none of those that hardly any English sentence is without."""
    words = WORD.findall(text.lower())
    return len(words) >= _MANY and not set(words) & empty_words()


def _share(of: set[str], among: set[str]) -> float:
    return len(of & among) / len(of) if of else 0.0
