"""The standard of JSON schemas. Loaded by `jindou.models.completions.schemas` with the first schema that comes."""

from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator, validators
from jsonschema.exceptions import SchemaError

__all__ = ["fault_of", "is_of"]


def fault_of(schema: Mapping[str, Any]) -> str:
    """Return what makes `schema` none, or an empty text."""
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        return error.message
    return ""


def is_of(value: object, schema: Mapping[str, object]) -> bool:
    """Say whether `value` is what `schema` asks for."""
    return bool(_Validator(dict(schema)).is_valid(value))


def _unchecked(*_: object) -> Iterator[Any]:
    """The engine's grammar keeps patterns; here a stranger's could take for ever."""
    return iter(())


_validators: Any = validators  # Its types leave JSON unknown.
_Validator: Any = _validators.extend(Draft202012Validator, {"pattern": _unchecked})
