"""JSON schemas that a stranger sent: checked, made small, and with every reference written out in its place.

The engine's grammar and the checks of calls read a schema that stands alone. Nothing is ever fetched for it.
"""

import importlib
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

from jindou.errors import Invalid

__all__ = ["is_of", "object_schema", "plain_schema"]

_DEEPEST: Final = 48
_MOST_NODES: Final = 5_000
_MOST_CHARACTERS: Final = 1 << 17
"""With every reference written out."""

_UNSUPPORTED: Final = frozenset({"$dynamicRef", "$recursiveRef", "$dynamicAnchor", "patternProperties"})
_LEFT_OUT: Final = frozenset({"$defs", "definitions", "$schema", "$comment", "$id", "$anchor"})
_BY_PATTERN: Final = frozenset({"patternProperties", "additionalProperties", "unevaluatedProperties"})
_MAPS: Final = frozenset({"properties", "dependentSchemas"})
_SUBSCHEMAS: Final = frozenset(
    {
        *("additionalProperties", "propertyNames", "unevaluatedProperties", "items", "contains", "unevaluatedItems"),
        *("not", "if", "then", "else", "anyOf", "oneOf", "allOf", "prefixItems"),
    }
)


def plain_schema(schema: Mapping[str, Any], field: str) -> dict[str, Any]:
    """Return `schema` with its local references in place and without definitions.

    Raises:
        Invalid: it is no JSON schema, refers to itself or to another document, or is too large; `field` says where.
    """
    return _Reader(schema, field).read()


def object_schema(schema: Mapping[str, Any] | None, field: str) -> dict[str, Any]:
    """Return the schema of a function's arguments: an object, also where the caller wrote nothing.

    What can't be written out may be anything: where it refers to itself, and members with names by a pattern.

    Raises:
        Invalid: as `plain_schema` says, or it is of something else than an object.
    """
    plain = _Reader(schema or {}, field, is_strict=False).read()
    if plain.setdefault("type", "object") != "object":
        raise Invalid("The parameters of a function are an object.", field=field, rule="an object")
    plain.setdefault("properties", {})
    return plain


def is_of(value: object, schema: Mapping[str, object]) -> bool:
    """Say whether `value` is what a plain `schema` asks for, patterns aside."""
    return bool(_standard().is_of(value, schema))


def _standard() -> Any:
    """Return what knows the standard: only requests with tools or a schema need it, and it takes long to load."""
    return importlib.import_module("jindou.models.completions.standard")


class _Reader:
    def __init__(self, schema: Mapping[str, Any], field: str, *, is_strict: bool = True) -> None:
        self._root = schema
        self._field = field
        self._is_strict = is_strict
        self._nodes = 0
        self._characters = 0

    def read(self) -> dict[str, Any]:
        """Look for what can be too much before anything recurses over it, then ask the standard."""
        plain = self._schema(self._root, (), 0)
        fault: str = _standard().fault_of(plain)
        if fault:
            raise self._wrong(f"it is no JSON schema: {fault[:200]}")
        return plain

    def _schema(self, value: object, through: tuple[str, ...], depth: int) -> dict[str, Any]:
        self._nodes += 1
        self._count(value)
        if depth > _DEEPEST or self._nodes > _MOST_NODES:
            raise self._wrong("it is too deep or too large")
        if isinstance(value, bool):
            return {} if value else {"not": {}}
        if not isinstance(value, dict):
            raise self._wrong("a schema is an object or a boolean")
        fields = cast("dict[str, Any]", value)
        if "patternProperties" in fields and not self._is_strict:
            fields = {name: of for name, of in fields.items() if name not in _BY_PATTERN}
        strange = _UNSUPPORTED & fields.keys()
        if strange:
            raise self._wrong(f"`{min(strange)}` is not supported")
        if "$ref" in fields:
            return self._referred(fields, through, depth)
        return {name: self._member(name, inner, through, depth) for name, inner in fields.items() if _is_kept(name)}

    def _referred(self, fields: dict[str, Any], through: tuple[str, ...], depth: int) -> dict[str, Any]:
        ref = fields["$ref"]
        if not self._is_strict and (ref == "#" or ref in through):
            return {}
        if not isinstance(ref, str) or not ref.startswith("#/"):
            raise self._wrong("a `$ref` refers to a definition in the same schema, `#/$defs/…`")
        if ref in through:
            raise self._wrong(f"`{ref[:80]}` refers to itself, which is not supported")
        beside = {name: inner for name, inner in fields.items() if name != "$ref"}
        target = self._schema(self._target(ref), (*through, ref), depth + 1)
        return target | self._schema(beside, through, depth + 1)

    def _target(self, ref: str) -> object:
        at: object = self._root
        for step in ref[2:].split("/"):
            name = step.replace("~1", "/").replace("~0", "~")
            if not isinstance(at, dict) or name not in at:
                raise self._wrong(f"`{ref[:80]}` refers to nothing")
            at = cast("dict[str, object]", at)[name]
        return at

    def _member(self, name: str, value: object, through: tuple[str, ...], depth: int) -> object:
        if name in _MAPS and isinstance(value, dict):
            named = cast("dict[str, object]", value)
            return {key: self._schema(inner, through, depth + 1) for key, inner in named.items()}
        if name in _SUBSCHEMAS and isinstance(value, list):
            return [self._schema(inner, through, depth + 1) for inner in cast("list[object]", value)]
        if name in _SUBSCHEMAS and name != "additionalProperties":
            return self._schema(value, through, depth + 1)
        if name == "additionalProperties" and isinstance(value, dict):
            return self._schema(cast("object", value), through, depth + 1)
        if name == "pattern":
            self._pattern(value)
        return value

    def _count(self, value: object) -> None:
        """Count what stands in a schema itself; its subschemas are counted when they are come to."""
        for name, inner in cast("dict[str, object]", value).items() if isinstance(value, dict) else ():
            is_other = name in _SUBSCHEMAS or not _is_kept(name)
            own = list(cast("Iterable[object]", inner)) if name in _MAPS and isinstance(inner, dict) else inner
            self._characters += len(name) + (0 if is_other else _length(own))
        if self._characters > _MOST_CHARACTERS:
            raise self._wrong(f"written out, it has more than {_MOST_CHARACTERS} characters")

    def _pattern(self, pattern: object) -> None:
        try:
            re.compile(str(pattern))
        except (re.error, RecursionError, OverflowError):
            raise self._wrong(f"`{str(pattern)[:80]}` is no regular expression") from None

    def _wrong(self, what: str) -> Invalid:
        return Invalid(f"{self._field}: {what}.", field=self._field, rule="a JSON schema")


def _is_kept(name: str) -> bool:
    # A mark of the gateway's own ("x-copied") would change how a call is checked; definitions are in place by now.
    return name not in _LEFT_OUT and not name.startswith("x-")


def _length(value: object) -> int:
    """Return about how many characters a value has as JSON."""
    left, found = [value], 0
    while left:
        one = left.pop()
        if isinstance(one, dict):
            left += [*cast("dict[object, object]", one).keys(), *cast("dict[object, object]", one).values()]
        elif isinstance(one, list):
            left += cast("list[object]", one)
        found += len(one) if isinstance(one, str) else 1
    return found
