"""Calls in what a model wrote: bare, fenced or tagged JSON, one or several, well-formed or nearly so."""

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final, cast

__all__ = ["Reading", "WrittenCall", "read"]

_OPENING: Final = re.compile(
    r"<tool_call>|<tools?>|```[a-z_]*+\s*+(?=[{\[<])|\A\s*+(?=[{\[])|(?<!\s)(?=[^\S\n]*+\n)\s++(?=[{\[])"
)
_OPEN: Final = re.compile(r"[{\[]")
_WRAPPING: Final = re.compile(r"</?tool_call>|</?tools?>|```[a-z_]*")
_WORDS: Final = {"true": "True", "false": "False", "null": "None"}
_STRING_OR_WORD: Final = re.compile(
    r'"(?:[^"\\]|\\.)*+(?:"|\Z)|\'(?:[^\'\\]|\\.)*+(?:\'|\Z)|\b(?:true|false|null)\b', re.DOTALL
)
_TRAILING_COMMA: Final = re.compile(r",(?=\s*[}\]])")
_NAME_KEYS: Final = ("name", "function", "tool", "tool_name", "function_name")
_ARGUMENT_KEYS: Final = ("arguments", "parameters", "args", "params", "input")

_DEEPEST: Final = 64
"""Brackets within each other: nothing that is meant has more, and to read them takes as much of the stack."""


@dataclass(frozen=True, slots=True)
class WrittenCall:
    """A call as the model wrote it; nothing is checked yet."""

    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text says: words, calls, and whether something in it tries to be a call but can't be read as one."""

    words: str
    calls: tuple[WrittenCall, ...]
    unreadable: bool


def read(text: str, *, complete: bool) -> Reading:
    """Read `text`. A JSON value that lacks its end is closed only if the output is `complete`.

    A cut may stand in the middle of a number: to close it there could turn 250 into 25.
    """
    opening = _OPENING.search(text)
    if opening is None:
        return Reading(text.strip(), (), unreadable=False)
    calls: list[WrittenCall] = []
    unreadable = False
    for value in _values(text[opening.start() :], complete=complete):
        found = _call_of(value)
        if found is None:
            unreadable = True
        else:
            calls.append(found)
    rest = _WRAPPING.sub("", text[opening.start() :]).strip()
    if not calls and not unreadable and "{" not in rest and "[" not in rest:
        return Reading((text[: opening.start()] + rest).strip(), (), unreadable=False)
    return Reading(text[: opening.start()].strip(), tuple(calls), unreadable or not calls)


def _values(text: str, *, complete: bool) -> Iterator[object]:
    """Yield every JSON value in `text`, and each member of a list by itself."""
    at = cut = 0
    while cut <= _DEEPEST and (found := _OPEN.search(text, at)) is not None:
        start = found.start()
        end = _end_of(text, start)
        if end is None and text[start] == "[" and not complete:
            # What stands in a list before it was cut is whole.
            at, cut = start + 1, cut + 1
            continue
        source = text[start:end] if end else _closed(text[start:]) if complete else ""
        value = _loads(source)
        yield from cast("list[object]", value) if isinstance(value, list) else [value]
        at = end or len(text)


def _end_of(text: str, start: int) -> int | None:
    """Return where the bracket at `start` is closed, or None."""
    depth = 0
    for at, sign in _brackets(text, start):
        depth += 1 if sign in "{[" else -1
        if depth == 0:
            return at + 1
    return None


def _brackets(text: str, start: int) -> Iterator[tuple[int, str]]:
    quote = ""
    skip = False
    for at in range(start, len(text)):
        sign = text[at]
        if skip:
            skip = False
        elif quote:
            skip = sign == "\\"
            quote = "" if sign == quote else quote
        elif sign == '"':
            quote = sign
        elif sign in "{}[]":
            yield at, sign


def _closed(text: str) -> str:
    """Return `text` with the brackets that it leaves open closed."""
    text = _WRAPPING.sub("", text).rstrip()
    if len(re.findall(r'(?<!\\)"', text)) % 2:
        text += '"'
    open_: list[str] = []
    for _, sign in _brackets(text, 0):
        if sign in "{[":
            open_.append("}" if sign == "{" else "]")
        elif open_:
            open_.pop()
    return text + "".join(reversed(open_))


def _loads(source: str) -> object:
    """Return the value that `source` stands for in JSON or, failing that, in Python; None if in neither."""
    source = _TRAILING_COMMA.sub("", source)
    if _is_too_deep(source):
        return None
    try:
        return json.loads(source, strict=False)
    except ValueError:
        pass
    python = _STRING_OR_WORD.sub(lambda match: _WORDS.get(match.group(), match.group()), source)
    try:
        return cast("object", ast.literal_eval(python))
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return None


def _is_too_deep(source: str) -> bool:
    """Return whether `source` has more brackets within each other than can be meant."""
    if len(_OPEN.findall(source)) <= _DEEPEST:
        return False
    return max(accumulate(1 if sign in "{[" else -1 for _, sign in _brackets(source, 0))) > _DEEPEST


def _call_of(value: object) -> WrittenCall | None:
    if not isinstance(value, dict):
        return None
    fields = cast("dict[str, Any]", value)
    inner = fields.get("function")
    if isinstance(inner, dict):
        return _call_of(cast("object", inner))
    name = next((fields[key] for key in _NAME_KEYS if isinstance(fields.get(key), str)), None)
    arguments: object = next((fields[key] for key in _ARGUMENT_KEYS if key in fields), None) or {}
    if isinstance(arguments, str):
        arguments = _loads(arguments)
    if name is None or not isinstance(arguments, dict):
        return None
    return WrittenCall(name.strip(), cast("dict[str, Any]", arguments))
