"""Whether an answer is the JSON that was asked for: the engine drops a grammar that it can't make, and says nothing."""

import json
from collections.abc import Mapping
from typing import Final

from jindou.errors import Invalid
from jindou.models.completions.schemas import is_of

__all__ = ["SchemaNotKept", "begins_as_json", "require_json"]

_BEGINNINGS: Final = frozenset('{["-0123456789tfn')


class SchemaNotKept(Invalid):
    """The engine has no grammar for the schema, and what it wrote without one is something else."""

    code = "schema_not_kept"

    def __init__(self) -> None:
        super().__init__(
            "The engine can't hold its answer to this schema: leave out what is not types, properties, items, enums, "
            "limits and simple patterns.",
            field="response_format",
            rule="a schema with a grammar",
        )


def begins_as_json(output: str) -> bool:
    """Say whether `output` may become JSON; an empty one may."""
    return output.lstrip()[:1] in _BEGINNINGS or not output.strip()


def require_json(output: str, schema: Mapping[str, object]) -> None:
    """Let only JSON of `schema` pass.

    Raises:
        SchemaNotKept: it is something else.
    """
    try:
        value: object = json.loads(output)
    except (ValueError, RecursionError):
        raise SchemaNotKept from None
    if not is_of(value, schema):
        raise SchemaNotKept
