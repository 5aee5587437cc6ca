"""Values that a model may not make up: a parameter marked ``"x-copied": true`` takes one from the conversation.

A number of an order, an amount of money: a small model invents them readily. With a ``pattern`` (or the type number)
the values that were said can be listed, and the model can choose no other.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final

__all__ = [
    "as_said",
    "asked_in",
    "candidates",
    "is_listed",
    "is_nearly",
    "numbers_in",
    "said_in",
    "spelled",
    "was_said",
]

_MOST: Final = 64
_NEARLY: Final = 0.9
_SHORTEST: Final = 6
_RUN: Final = re.compile(rf"[\w.@+-]{{{_SHORTEST},}}+", re.ASCII)
_WORD: Final = re.compile(r"[^\W\u4e00-\u9fff]{2,}|[\u4e00-\u9fff]")
_NUMBER: Final = re.compile(r"(?<![A-Za-z0-9.\-#])\d+(?:,\d{3})*(?:\.\d+)?(?![A-Za-z0-9\-])")
_NUMERALS: Final = "零一二两三四五六七八九十百千"
_SPELLED: Final = re.compile(rf"(?<![{_NUMERALS}万亿])[{_NUMERALS}]{{1,9}}(?=\s*+(?:元|块|圆))")
_DIGITS: Final = {sign: value for value, sign in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
_MOST_LISTED: Final = 9
_POWERS: Final = {"十": 10, "百": 100, "千": 1000}


def said_in(messages: Sequence[Mapping[str, Any]]) -> str:
    """Return what people and tools said in `messages`."""
    return "\n".join(str(m.get("content") or "") for m in messages if m.get("role") in {"user", "tool"})


def asked_in(messages: Sequence[Mapping[str, Any]]) -> str:
    """Return what people said in `messages`."""
    return said_in([message for message in messages if message.get("role") == "user"])


def is_listed(schema: Mapping[str, Any]) -> bool:
    """Return whether a value of `schema` has to be copied and what was said can be listed."""
    return bool(schema.get("x-copied")) and ("pattern" in schema or schema.get("type") in {"number", "integer"})


def candidates(schema: Mapping[str, Any], said: str) -> list[object]:
    """Return the values for `schema` in `said`, the newest first."""
    found = _matches(schema["pattern"], said) if "pattern" in schema else numbers_in(said)
    return list(dict.fromkeys(reversed(found)))[:_MOST]


def as_said(value: object, schema: Mapping[str, Any], said: str) -> object:
    """Return `value`, or what stands in `said` in its place if it is a copy with a slip."""
    if not isinstance(value, str) or was_said(value, schema, said):
        return value
    words = [run.rstrip(".@+-") for run in _RUN.findall(said)]
    return _nearest(value, [word for word in words if len(word) >= _SHORTEST]) or value


def is_nearly(word: str, words: Sequence[str]) -> bool:
    """Return whether `word` is one of `words` but for a slip; they begin alike."""
    return bool(word) and _nearest(word, [other for other in words if other[0] == word[0]]) is not None


def was_said(value: object, schema: Mapping[str, Any], said: str) -> bool:
    """Return whether `value` need not be copied, or was.

    Words may be said in another form, so it is enough that one of them was; a number, an address of mail or
    anything else with digits has to be there as it is.
    """
    if not schema.get("x-copied") or value == schema.get("default", ...):
        return True
    if isinstance(value, int | float):
        return value in numbers_in(said)
    text, source = _bare(str(value)), _bare(said)
    if text in source or not re.search(r"[\d@]", str(value)):
        return any(_bare(word) in source for word in _WORD.findall(str(value)))
    return False


def _nearest(word: str, words: Sequence[str]) -> str | None:
    return next(iter(get_close_matches(word, words, n=1, cutoff=_NEARLY)), None)


def _bare(text: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFKC", text).casefold() if sign.isalnum())


def _matches(pattern: str, said: str) -> list[object]:
    inner = pattern.removeprefix("^").removesuffix("$")
    whole = re.compile(rf"(?<![A-Za-z0-9])(?:{inner})(?![A-Za-z0-9])", re.IGNORECASE)
    return [match.group() for match in whole.finditer(said)]


def numbers_in(said: str) -> list[object]:
    """Return the numbers that stand in `said` by themselves, written in digits or spelled in Chinese."""
    written = [_plain(match.group().replace(",", "")) for match in _NUMBER.finditer(said)]
    return [*written, *(spelled(match.group()) for match in _SPELLED.finditer(said))]


def _plain(digits: str) -> int | float:
    number = float(digits)
    return int(number) if number.is_integer() else number


def spelled(text: str) -> int:
    """Return the number that Chinese numerals below ten thousand spell, or that 二〇二六 lists digit by digit."""
    if 1 < len(text) <= _MOST_LISTED and not set(text) & _POWERS.keys():
        return int("".join(str(_DIGITS[sign]) for sign in text))
    total = digit = 0
    for sign in text:
        if sign in _POWERS:
            total += (digit or 1) * _POWERS[sign]
            digit = 0
        else:
            digit = _DIGITS[sign]
    return total + digit
