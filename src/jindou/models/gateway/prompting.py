"""How a small model is asked: a short list of functions, one of which is to say something, and JSON back.

Measured on Qwen2.5-Coder 0.5B and 1.5B, this form chooses better than the models' own template for tools, is a third
as long, and knows when not to call: to answer is a choice among others, and no absence of one.

There are two forms. Our own assistants have tools with short, telling names: a line each, and one call a reply. Tools
of strangers are shown `full`, with what they say about each parameter, and a reply is a list of calls. In a list a
`name` is taken for a person's or a thing's, so there it is `function`.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, cast

from jindou.models.gateway.types import ToolSchema

__all__ = ["SAY", "messages_for", "name_key"]

SAY: Final = "say"
_LEAD: Final = 'Each reply is one JSON object {"name": ..., "arguments": {...}} that calls one of these functions:'
_FULL_LEAD: Final = (
    "Each reply is a JSON list of calls of these functions, one for each thing that is asked: "
    '[{"function": ..., "arguments": {...}}, ...]'
)
_SAY_LINE: Final = (
    f"- {SAY}(text: string): Say something to the employee in words: greetings, thanks, general questions, "
    "anything that needs no data."
)
_FULL_SAY_LINE: Final = (
    f"- {SAY}(text: string): Say something in words: greetings, thanks, and whenever no other function does what is "
    "asked or a needed value is missing."
)

_REMINDER: Final = f"Request: {{asked}}\nResult: {{result}}\nNow {SAY} in one or two sentences what the result tells."
_REMINDER_CHARS: Final = 400
_ABOUT_CHARS: Final = 200
"""As much of what is said about a parameter as helps; some say a page."""


def messages_for(
    messages: Sequence[Mapping[str, Any]], tools: Sequence[ToolSchema], *, full: bool = False
) -> list[dict[str, object]]:
    """Return `messages` in the form above. Their beginning depends on the system message and the tools alone."""
    begin = 1 if messages and messages[0].get("role") == "system" else 0
    instructions = f"{messages[0]['content']}\n\n" if begin else ""
    if full:
        functions = "\n".join([*map(_paragraph, tools), _FULL_SAY_LINE])
        return [_turn("system", f"{_FULL_LEAD}\n{instructions}{functions}"), *_shown(messages[begin:], full=True)]
    functions = "\n".join([*map(_line, tools), _SAY_LINE])
    return [
        _turn("system", f"{instructions}{_LEAD}\n{functions}"),
        *_examples(),
        *_shown(messages[begin:], full=False),
    ]


def name_key(*, full: bool) -> str:
    """Return the key under which a call has its function."""
    return "function" if full else "name"


def _line(tool: ToolSchema) -> str:
    parameters = [_parameter(name, schema, tool.parameters) for name, schema in _properties(tool.parameters).items()]
    return f"- {tool.name}({', '.join(parameters)}): {tool.description}"


def _paragraph(tool: ToolSchema) -> str:
    lines = [f"- {tool.name}: {tool.description}"]
    for name, schema in _properties(tool.parameters).items():
        about = str(schema.get("description") or "")[:_ABOUT_CHARS]
        lines.append(f"  {_parameter(name, schema, tool.parameters, full=True)}{f' - {about}' if about else ''}")
    return "\n".join(lines)


def _properties(schema: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return cast("dict[str, dict[str, Any]]", schema.get("properties", {}))


def _parameter(name: str, schema: Mapping[str, Any], of: Mapping[str, Any], *, full: bool = False) -> str:
    required = cast("list[str]", of.get("required", []))
    return f"{name}{'' if name in required else '?'}: {_type_of(schema, full=full)}"


def _type_of(schema: Mapping[str, Any], *, full: bool) -> str:
    if "enum" in schema:
        return "|".join(str(option) for option in schema["enum"])
    stated: object = schema.get("type", "any")
    if full and stated == "array" and isinstance(schema.get("items"), dict):
        return f"{_type_of(schema['items'], full=True)}[]"
    if full and stated == "object" and schema.get("properties"):
        fields = ", ".join(_parameter(name, inner, schema, full=True) for name, inner in _properties(schema).items())
        return f"{{{fields}}}"
    return stated if isinstance(stated, str) else "any"


def _examples() -> list[dict[str, object]]:
    return [
        _turn("user", "谢谢你"),
        _said("不客气！"),
        _turn("user", "法国的首都是哪里？"),
        _said("是巴黎。"),
        _turn("user", "Hi!"),
        _said("Hello! How can I help?"),
    ]


def _shown(messages: Sequence[Mapping[str, Any]], *, full: bool) -> Iterator[dict[str, object]]:
    asked = ""
    for message in messages:
        content = str(message.get("content") or "")
        calls = cast("list[Mapping[str, Any]]", message.get("tool_calls") or [])
        match message.get("role"):
            case "assistant" if calls and full:
                yield _turn("assistant", _json([_call(call["function"], full=True) for call in calls]))
            case "assistant" if calls:
                yield from (_turn("assistant", _json(_call(call["function"]))) for call in calls)
            case "assistant":
                yield _said(content, full=full)
            case "tool":
                # A small model that has read a long result no longer knows what it was asked.
                yield {**message, "content": _REMINDER.format(asked=asked[:_REMINDER_CHARS], result=content)}
            case role:
                asked = content if role == "user" else asked
                yield dict(message)


def _said(text: str, *, full: bool = False) -> dict[str, object]:
    said = {name_key(full=full): SAY, "arguments": {"text": text}}
    return _turn("assistant", _json([said] if full else said))


def _call(function: Mapping[str, Any], *, full: bool = False) -> dict[str, object]:
    arguments: object = function["arguments"]
    key = name_key(full=full)
    return {key: function["name"], "arguments": json.loads(arguments) if isinstance(arguments, str) else arguments}


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _turn(role: str, text: str) -> dict[str, object]:
    return {"role": role, "content": text}
