"""A tool in one line, as a small model is shown it."""

from collections.abc import Mapping
from typing import Any, cast

__all__ = ["line_of"]


def line_of(name: str, description: str, schema: Mapping[str, Any]) -> str:
    """Return a tool's name, its parameters by the JSON schema of its arguments, and what it does."""
    properties = cast("dict[str, dict[str, Any]]", schema.get("properties", {}))
    parameters = [_parameter(one, of, schema) for one, of in properties.items()]
    return f"- {name}({', '.join(parameters)}): {description}"


def _parameter(name: str, schema: Mapping[str, Any], of: Mapping[str, Any]) -> str:
    required = cast("list[str]", of.get("required", []))
    return f"{name}{'' if name in required else '?'}: {_type_of(schema)}"


def _type_of(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return "|".join(str(option) for option in schema["enum"])
    stated: object = schema.get("type", "any")
    return stated if isinstance(stated, str) else "any"
