"""The standard of JSON schemas, as a call is held to it. Loaded by `jindou.models.gateway.arguments`."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator, ValidationError, validators

__all__ = ["faults_of", "is_other_kind"]


def faults_of(arguments: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield where each argument that is wrong is, and what is wrong with it; nowhere is all of them together."""
    for error in _Validator(schema).iter_errors(dict(arguments)):
        yield ".".join(str(part) for part in error.absolute_path), error.message


def is_other_kind(value: object, schema: Mapping[str, Any]) -> bool:
    """Say whether `value` is what its schema says it can ``not`` be.

    Only a schema of our own, marked as copied, is asked: a stranger's patterns may take Python for ever.
    """
    if not schema.get("x-copied") or "not" not in schema:
        return False
    other: Any = Draft202012Validator(schema["not"])
    return bool(other.is_valid(value))


def _check_pattern(
    _validator: object, pattern: str, value: object, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    """Hold a copied value against its pattern, in any case of letters. The engine's output keeps the others already."""
    if schema.get("x-copied") and isinstance(value, str) and not re.search(pattern, value, re.IGNORECASE):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


def _check_not(
    _validator: object, _other: object, value: object, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    if is_other_kind(value, schema):
        yield ValidationError(f"{value!r} is something else")


_validators: Any = validators  # Its types leave JSON unknown.
_Validator: Any = _validators.extend(Draft202012Validator, {"pattern": _check_pattern, "not": _check_not})
