"""How a small model is asked: a short list of functions, one of which is to say something, and one JSON object back.

Measured on Qwen2.5-Coder 0.5B and 1.5B, this form chooses better than the models' own template for tools, is a third
as long, and knows when not to call: to answer is a choice among others, and no absence of one.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, cast

from jindou.models.gateway.copying import candidates, is_listed, said_in
from jindou.models.gateway.history import asked_last
from jindou.models.gateway.types import ToolSchema

__all__ = ["SAY", "call_schema", "messages_for", "say_schema"]

SAY: Final = "say"
_LEAD: Final = 'Each reply is one JSON object {"name": ..., "arguments": {...}} that calls one of these functions:'
_SAY_LINE: Final = (
    f"- {SAY}(text: string): Say something to the employee in words: greetings, thanks, general questions, "
    "anything that needs no data."
)

_REMINDER: Final = f"Request: {{asked}}\nResult: {{result}}\nNow {SAY} in one or two sentences what the result tells."
_REMINDER_CHARS: Final = 400
_CHINESE: Final = r"^[\u4e00-\u9fff](.|\n)*$"
_OTHER: Final = r"^[^\s\u3000-\u303f\u4e00-\u9fff](.|\n)*$"


def messages_for(messages: Sequence[Mapping[str, Any]], tools: Sequence[ToolSchema]) -> list[dict[str, object]]:
    """Return `messages` in the form above. Their beginning depends on the system message and the tools alone."""
    begin = 1 if messages and messages[0].get("role") == "system" else 0
    instructions = f"{messages[0]['content']}\n\n" if begin else ""
    functions = "\n".join([*map(_line, tools), _SAY_LINE])
    system: dict[str, object] = {"role": "system", "content": f"{instructions}{_LEAD}\n{functions}"}
    return [system, *_examples(), *_shown(messages[begin:])]


def call_schema(
    tools: Sequence[ToolSchema], messages: Sequence[Mapping[str, Any]], *, may_say: bool = True
) -> dict[str, object]:
    """Return the schema of one call, or of something said. A value to be copied can only be one that was said.

    Without `may_say` it has to be a call, if there is one that can be made.
    """
    said = said_in(messages)
    options = [_option(tool.name, parameters) for tool in tools if (parameters := _grounded(tool.parameters, said))]
    return {"anyOf": options if options and not may_say else [*options, say_schema(messages)]}


def say_schema(messages: Sequence[Mapping[str, Any]]) -> dict[str, object]:
    """Return the schema of something said; its first letter is of the script in which the person wrote last.

    A small model that has read results in another language would answer in that one.
    """
    asked = asked_last(messages)
    text = {"type": "string", "pattern": _CHINESE if re.search("[\u4e00-\u9fff]", asked) else _OTHER}
    parameters = {"type": "object", "properties": {"text": text}, "required": ["text"], "additionalProperties": False}
    return _option(SAY, parameters)


def _line(tool: ToolSchema) -> str:
    required = cast("list[str]", tool.parameters.get("required", []))
    parameters = [
        f"{name}{'' if name in required else '?'}: {_type_of(schema)}"
        for name, schema in cast("dict[str, Any]", tool.parameters.get("properties", {})).items()
    ]
    return f"- {tool.name}({', '.join(parameters)}): {tool.description}"


def _type_of(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return "|".join(str(option) for option in schema["enum"])
    stated: object = schema.get("type", "any")
    return stated if isinstance(stated, str) else "any"


def _examples() -> list[dict[str, object]]:
    return [
        _user("谢谢你"),
        _said("不客气！"),
        _user("法国的首都是哪里？"),
        _said("是巴黎。"),
        _user("Hi!"),
        _said("Hello! How can I help?"),
    ]


def _shown(messages: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, object]]:
    asked = ""
    for message in messages:
        content = str(message.get("content") or "")
        calls = cast("list[Mapping[str, Any]]", message.get("tool_calls") or [])
        match message.get("role"):
            case "assistant" if calls:
                yield from (_called(call["function"]["name"], call["function"]["arguments"]) for call in calls)
            case "assistant":
                yield _said(content)
            case "tool":
                # A small model that has read a long result no longer knows what it was asked.
                yield {**message, "content": _REMINDER.format(asked=asked[:_REMINDER_CHARS], result=content)}
            case role:
                asked = content if role == "user" else asked
                yield dict(message)


def _user(text: str) -> dict[str, object]:
    return {"role": "user", "content": text}


def _said(text: str) -> dict[str, object]:
    return _called(SAY, {"text": text})


def _called(name: str, arguments: object) -> dict[str, object]:
    if isinstance(arguments, str):
        arguments = json.loads(arguments)
    return {"role": "assistant", "content": json.dumps({"name": name, "arguments": arguments}, ensure_ascii=False)}


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
