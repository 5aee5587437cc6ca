"""What is wrong with a value that somebody gave, in plain words, from what pydantic says of it."""

import re
from collections.abc import Iterable, Mapping
from typing import Final, cast

__all__ = ["field_of", "rule_of", "told_of"]

_AN_OBJECT: Final = "must be an object"
_RULES: Final[Mapping[str, str]] = {
    "missing": "must be given",
    "extra_forbidden": "is not known here",
    "none_required": "must be null",
    "string_type": "must be a text",
    "string_unicode": "must be a text in UTF-8",
    "string_too_long": "must have at most {max_length} characters",
    "string_too_short": "must have at least {min_length} characters",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a smaller number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "decimal_type": "must be a number",
    "decimal_parsing": "must be a number",
    "decimal_max_places": "must have at most {decimal_places} decimal places",
    "decimal_max_digits": "must have at most {max_digits} digits",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be {ge} or more",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be {le} or less",
    "multiple_of": "must be a multiple of {multiple_of}",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "set_type": "must be a list",
    "too_long": "must have at most {max_length} {parts}",
    "too_short": "must have at least {min_length} {parts}",
    "dict_type": _AN_OBJECT,
    "model_type": _AN_OBJECT,
    "model_attributes_type": _AN_OBJECT,
    "mapping_type": _AN_OBJECT,
    "json_invalid": "must be JSON",
    "json_type": "must be JSON",
    "timezone_aware": "must say its time zone, as in 2026-03-02T14:05:00Z",
    "timezone_naive": "must not say a time zone",
    "url_parsing": "must be an address such as https://example.com",
    "url_scheme": "must begin with {expected_schemes}",
    "union_tag_not_found": "must say its {discriminator}",
    "union_tag_invalid": "must have one of these as its {discriminator}: {expected_tags}",
}
_KINDS: Final[Mapping[str, str]] = {
    "datetime": "must be a time such as 2026-03-02T14:05:00Z",
    "date": "must be a day such as 2026-03-02",
    "time_delta": "must be a length of time",
}
"""Of each there are many types of errors, such as ``datetime_from_date_parsing``."""
_PATTERNS: Final[Mapping[str, str]] = {
    r"^[^\x00]*$": "must have no NUL character",
    r"^[^\x00-\x1f\x7f]*$": "must be one line without control characters",
    r"^[^\x00-\x1f]*\S[^\x00-\x1f]*$": "must be one line that is not empty",
    r"^[\x21-\x7e]+$": "must have ASCII characters alone, and no blanks",
    r"^[\x21-\x7e]*$": "must have ASCII characters alone, and no blanks",
    r"^([^\s@\x00]+@[^\s@\x00]+)?$": "must be an e-mail address",
    r"^[\x21-\x7e]+( [\x21-\x7e]+)*$": "must be words of ASCII characters, with one blank between them",
    r"^[a-z][a-z0-9-]*$": "must begin with a to z, and have only a to z, 0 to 9 or -",
    r"^[A-Za-z0-9][A-Za-z0-9._-]{0,199}\.gguf$": "must be the plain name of a file that ends in .gguf",
    r"^(https?://[^/?#\s@]+)?$": "must be an address without a path, such as https://example.com",
    r"^\d{4}-\d{2}$": "must be a month such as 2026-03",
    r"^[A-Z]{3}$": "must be three capital letters such as CNY",
    r"^[0-9a-f]{64}$": "must be 64 hexadecimal digits",
    r"^https?://[^\s\x00]+$": "must be an address such as https://example.com",
}
_NAME: Final = re.compile(r"\^\[([^\[\]]+)\]\[([^\[\]]+)\]\{0,(\d+)\}\$")
"""A pattern of a name: how it begins, what it may have after that, and how much of it."""
_RANGES: Final[Mapping[str, str]] = {"a-z": "a to z", "A-Z": "A to Z", "0-9": "0 to 9"}
_OURS: Final = "Value error, "
_KEY: Final = "[key]"
"""What stands behind a key of an object that is itself wrong."""
_TAG: Final = re.compile(r"[a-z-]+\[.*\]|constrained-[a-z]+|function-[a-z]+\(.*\)")
"""What stands behind a value that may be of several kinds, for the kind that was tried."""
_PLAIN_TAGS: Final[Mapping[str, str]] = {"str": "string_", "int": "int_", "float": "float_", "bool": "bool_"}
"""Tags that a field could be called, too, and how the errors of their kind begin."""
_ENTRIES: Final = frozenset({"List", "Set", "Frozenset", "Tuple", "Dictionary"})


def rule_of(error: Mapping[str, object]) -> str:
    """Return the rule that a value breaks, as ``must have at most 40 characters``."""
    kind, context = str(error["type"]), cast("Mapping[str, object]", error.get("ctx") or {})
    if kind == "string_pattern_mismatch":
        return _form(str(context.get("pattern")))
    if kind in {"string_too_short", "too_short"} and context.get("min_length") == 1:
        return "must not be empty"
    if tuple(cast("Iterable[object]", error["loc"])) == ("body",) and _RULES.get(kind) == _AN_OBJECT:
        return "must be a JSON object, sent as application/json"
    if kind in _RULES:
        parts = "entries" if context.get("field_type") in _ENTRIES else "characters"
        return _RULES[kind].format_map({name: _plain(value) for name, value in context.items()} | {"parts": parts})
    for beginning, rule in _KINDS.items():
        if kind.startswith(f"{beginning}_"):
            return rule
    return str(error["msg"]).removeprefix(_OURS)


def field_of(error: Mapping[str, object]) -> str:
    """Return where the value stands, as ``members.0.model``; nothing where it is the whole."""
    parts = [str(part) for part in cast("Iterable[object]", error["loc"]) if part != _KEY]
    named = [part for part in parts if not _TAG.fullmatch(part)]
    tag = _PLAIN_TAGS.get(named[-1]) if len(named) > 1 else None
    if tag and str(error["type"]).startswith(tag):
        named.pop()
    return ".".join(named)


def told_of(error: Mapping[str, object], field: str, whole: str = "The body") -> str:
    """Return the sentence for a value that stands in `field`, or is the `whole`."""
    rule = rule_of(error).rstrip(".")
    said = rule.startswith(("must ", "is "))
    what = f"`{field}`" if field else whole
    *_, key, last = "", "", *cast("Iterable[object]", error["loc"])
    if last == _KEY:
        outer = field.removesuffix(str(key)).removesuffix(".")
        what = ("The" if whole[:1].isupper() else "the") + f" key `{key}`" + (f" of `{outer}`" if outer else "")
    return f"{what} {rule}." if said else f"{what}: {rule}."


def _plain(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _form(pattern: str) -> str:
    """Return what a pattern asks for."""
    if pattern in _PATTERNS:
        return _PATTERNS[pattern]
    if name := _NAME.fullmatch(pattern):
        first, rest, most = name.groups()
        return f"must begin with {_letters(first)}, and have only {_letters(rest)}, {int(most) + 1} characters at most"
    return f"must be written as {pattern} says"


def _letters(told: str) -> str:
    """Return a set of characters in words: ``a to z, 0 to 9 or -``."""
    ranges = [words for written, words in _RANGES.items() if written in told]
    for written in _RANGES:
        told = told.replace(written, "")
    *others, last = [*ranges, *told.replace("\\", "")]
    return f"{', '.join(others)} or {last}" if others else last
