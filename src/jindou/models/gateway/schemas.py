"""The shapes in which a model may write: calls of known tools with arguments of their schemas, or something said."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from jindou.models.gateway.copying import candidates, is_listed, said_in
from jindou.models.gateway.history import asked_last
from jindou.models.gateway.prompting import SAY
from jindou.models.gateway.types import CompletionAsk, ToolSchema

__all__ = ["call_schema", "say_schema"]

_CHINESE: Final = r"^[\u4e00-\u9fff](.|\n)*$"
_OTHER: Final = r"^[^\s\u3000-\u303f\u4e00-\u9fff](.|\n)*$"


def call_schema(ask: CompletionAsk, tools: Sequence[ToolSchema], *, may_say: bool = True) -> dict[str, object]:
    """Return the schema of calls of `tools`, or of something said. A value to be copied can only be one that was said.

    Without `may_say` it has to be a call, if there is one that can be made.
    """
    said = said_in(ask.messages)
    grounded = [(tool.name, _grounded(tool.parameters, said)) for tool in tools]
    options = [_option(name, parameters) for name, parameters in grounded if parameters is not None]
    if not options:
        return say_schema(ask)
    if not ask.full:
        return {"anyOf": options if not may_say else [*options, say_schema(ask)]}
    calls = _list(_any_of(options), ask.most_calls)
    return _any_of([calls, say_schema(ask)]) if may_say else calls


def say_schema(ask: CompletionAsk) -> dict[str, object]:
    """Return the schema of something said; its first letter is of the script in which the person wrote last.

    A small model that has read results in another language would answer in that one.
    """
    asked = asked_last(ask.messages)
    text = {"type": "string", "pattern": _CHINESE if re.search("[\u4e00-\u9fff]", asked) else _OTHER}
    parameters = {"type": "object", "properties": {"text": text}, "required": ["text"], "additionalProperties": False}
    said = _option(SAY, parameters)
    return _list(said, 1) if ask.full else said


def _any_of(options: Sequence[Mapping[str, object]]) -> dict[str, object]:
    return dict(options[0]) if len(options) == 1 else {"anyOf": list(options)}


def _list(of: Mapping[str, object], most: int) -> dict[str, object]:
    return {"type": "array", "items": dict(of), "minItems": 1, "maxItems": most}


def _option(name: str, parameters: Mapping[str, object]) -> dict[str, object]:
    return {
        "type": "object",
        "properties": {"name": {"const": name}, "arguments": dict(parameters)},
        "required": ["name", "arguments"],
        "additionalProperties": False,
    }


def _grounded(parameters: Mapping[str, Any], said: str) -> dict[str, object] | None:
    """Return the schema with the values that were said in place of each to be copied; None if one has to be missing."""
    properties: dict[str, object] = {}
    required = cast("list[str]", parameters.get("required", []))
    for name, schema in cast("dict[str, dict[str, Any]]", parameters.get("properties", {})).items():
        values = candidates(schema, said) if is_listed(schema) else None
        if values:
            properties[name] = {"enum": values}
        elif values is None:
            properties[name] = {
                key: value for key, value in schema.items() if key != "not" and not key.startswith("x-")
            }
        elif name in required:
            return None
    return {**parameters, "properties": properties}
