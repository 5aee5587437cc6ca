"""Arguments against a tool's schema: small slips of a small model are set right, everything else is named."""

import importlib
import re
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final, cast

from jindou.models.gateway.amounts import amount_of
from jindou.models.gateway.copying import as_said, numbers_in, was_said
from jindou.models.gateway.saying import showable
from jindou.models.gateway.stems import words_of

__all__ = ["fit", "is_misplaced", "problem"]

_TELLS_OF_OTHERS: Final = (
    *("additionalProperties", "patternProperties", "unevaluatedProperties"),
    *("$ref", "allOf", "anyOf", "oneOf", "if", "dependentSchemas"),
)
_DATE: Final = re.compile(r"\b(\d{4})-(\d{1,2})-(\d{1,2})\b")
_DATE_FORM: Final = "YYYY-MM-DD"
_LONGEST_WORD: Final = 64
_TIGHT_FORMATS: Final = frozenset(
    {
        *("date", "time", "date-time", "duration", "email", "idn-email", "hostname", "idn-hostname"),
        *("ipv4", "ipv6", "uri", "uri-reference", "iri", "iri-reference", "uuid"),
    }
)
_SIGN: Final = r"[^\s.\\^$\[\]()|]|\\(?:[dw]|[^\w\s])|\[(?!\^)(?:[^\s\]\\]|\\(?:[dw]|[^\w\s]))+\]"
_TIGHT: Final = re.compile(rf"\^(?:{_SIGN}|\((?:\?:)?(?:{_SIGN}|\|)*+\))*+\$")
"""A pattern of a whole text that has no place for white space."""


def fit(
    arguments: Mapping[str, object], schema: Mapping[str, Any], said: str, asked: AbstractSet[str] = frozenset()
) -> dict[str, object]:
    """Return `arguments` with each value, however deep, in the type its schema asks for, where that is beyond doubt.

    A number in a string becomes a number and the reverse, ``"true"`` a boolean; an optional argument goes that is null
    and can't be, or null or at its default while the words that were `asked` (see `words_of`) say nothing of its name,
    and so does one that the schema does not know, nor forbid, and nobody said; a day of a date gets its zero, and a
    text loses the white space around it that its form has no place for; a value to be copied that is off by a letter
    is taken from what was `said`.
    """
    properties = cast("dict[str, dict[str, Any]]", schema.get("properties", {}))
    required = cast("list[str]", schema.get("required", []))
    kept = {
        name: value
        for name, value in arguments.items()
        if _may_have(schema, name, value, said)
        if name in required or not _says_nothing(value, properties.get(name, {}), is_asked=bool(words_of(name) & asked))
    }
    return {
        name: as_said(_fit_value(value, properties.get(name, {})), properties.get(name, {}), said)
        for name, value in kept.items()
    }


def problem(arguments: Mapping[str, Any], schema: Mapping[str, Any], said: str) -> str | None:
    """Return what is wrong with `arguments` in plain English, or None. `said` is where copied values come from."""
    properties = cast("dict[str, dict[str, Any]]", schema.get("properties", {}))
    try:
        faults: Iterable[tuple[str, str]] = list(_standard().faults_of(arguments, schema))
    except OverflowError:
        return "a number is too large"
    told = [f"`{where}`: {fault}" if where else fault for where, fault in faults]
    for name, value in arguments.items():
        if not was_said(value, properties.get(name, {}), said):
            told.append(f"`{name}`: {value!r} is not in the conversation")
    return "; ".join(sorted(told)[:3]) or None


def is_misplaced(arguments: Mapping[str, Any], schema: Mapping[str, Any]) -> bool:
    """Return whether an argument is what its schema says it can ``not`` be: the value belongs to another tool."""
    properties = cast("dict[str, dict[str, Any]]", schema.get("properties", {}))
    return any(_standard().is_other_kind(value, properties.get(name, {})) for name, value in arguments.items())


def _standard() -> Any:
    """Return what holds arguments against a schema: it takes long to load, and a model without tools needs none."""
    return importlib.import_module("jindou.models.gateway.standard")


def _types(schema: Mapping[str, Any]) -> set[str]:
    """Return the types that `schema` allows; an empty set means any."""
    stated = schema.get("type")
    found = {stated} if isinstance(stated, str) else set(cast("list[str]", stated or []))
    for option in cast("list[Mapping[str, Any]]", schema.get("anyOf", [])):
        found |= _types(option)
    return found


def _may_have(schema: Mapping[str, Any], name: str, value: object, said: str) -> bool:
    """Return whether an argument is one of the schema's, or is for others than us to refuse or to take.

    One that was said is meant, by whatever name.
    """
    properties = schema.get("properties")
    if not properties or name in properties or name in schema.get("required", ()):
        return True
    return not schema.keys().isdisjoint(_TELLS_OF_OTHERS) or _is_said(value, said)


def _is_said(value: object, said: str) -> bool:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return False
    if not isinstance(value, str):
        return value in numbers_in(said)
    text, source = value.strip().casefold(), said.casefold()
    if len(text) > _LONGEST_WORD or not text.isascii():
        return bool(text) and text in source
    return bool(text) and re.search(rf"(?<!\w){re.escape(text)}(?!\w)", source) is not None


def _says_nothing(value: object, schema: Mapping[str, Any], *, is_asked: bool) -> bool:
    if value is None:
        # To take something away it has to be named.
        return not (is_asked and "null" in _types(schema))
    return not is_asked and "default" in schema and value == schema["default"]


def _fit_value(value: object, schema: Mapping[str, Any]) -> object:
    types = _types(schema) - {"null"}
    if isinstance(value, str):
        return _fit_text(value, types, schema)
    if isinstance(value, int | float) and not isinstance(value, bool):
        if types == {"string"}:
            return str(value)
        if types == {"integer"} and isinstance(value, float) and value.is_integer():
            return int(value)
    if isinstance(value, list):
        items = schema.get("items")
        of: Mapping[str, Any] = cast("dict[str, Any]", items) if isinstance(items, dict) else {}
        return [_fit_value(each, of) for each in cast("list[object]", value)]
    if isinstance(value, dict):
        properties = cast("dict[str, dict[str, Any]]", schema.get("properties", {}))
        return {name: _fit_value(of, properties.get(name, {})) for name, of in cast("dict[str, object]", value).items()}
    return value


def _fit_text(text: str, types: set[str], schema: Mapping[str, Any]) -> object:
    text = showable(text)
    if types and "string" not in types:
        return _from_text(text, types)
    same = [option for option in schema.get("enum", ()) if str(option).casefold() == text.strip().casefold()]
    if same:
        return same[0]
    if _is_date(schema):
        text = _DATE.sub(lambda date: f"{date[1]}-{int(date[2]):02}-{int(date[3]):02}", text)
    return text.strip() if _is_tight(schema) else text


def _is_tight(schema: Mapping[str, Any]) -> bool:
    """Return whether white space around a text of `schema` is a slip. Elsewhere it may be meant: in the edit of a file.

    A stranger's pattern is looked at, not run: that may take Python for ever.
    """
    if schema.get("x-copied") or schema.get("format") in _TIGHT_FORMATS or _is_date(schema):
        return True
    return _TIGHT.fullmatch(str(schema.get("pattern") or "")) is not None


def _is_date(schema: Mapping[str, Any]) -> bool:
    return schema.get("format") == "date" or _DATE_FORM in str(schema.get("description") or "")


def _from_text(text: str, types: set[str]) -> object:
    if "boolean" in types and text.strip().lower() in {"true", "false"}:
        return text.strip().lower() == "true"
    number = amount_of(text) if types & {"number", "integer"} else None
    return text if number is None or (isinstance(number, float) and "number" not in types) else number
