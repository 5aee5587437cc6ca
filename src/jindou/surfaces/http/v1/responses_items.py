"""The items of a conversation in OpenAI's responses, as the messages of a chat."""

from typing import Any, Literal

from msgspec import Struct

from jindou.errors import Invalid
from jindou.surfaces.http.v1.decoding import typed

__all__ = ["messages_of"]

_MOST = 2048


class _Loose(Struct, kw_only=True):
    """What else a client keeps in it is not looked at."""


class _InputText(_Loose, tag_field="type", tag="input_text"):
    text: str


class _OutputText(_Loose, tag_field="type", tag="output_text"):
    text: str


class _Refusal(_Loose, tag_field="type", tag="refusal"):
    refusal: str


_Content = str | list[_InputText | _OutputText | _Refusal]


class _Message(_Loose):
    role: Literal["user", "assistant", "system", "developer"]
    content: _Content


class _Call(_Loose):
    call_id: str
    name: str
    arguments: str


class _Output(_Loose):
    call_id: str
    output: _Content


class _Reasoning(_Loose):
    summary: list[Any]


_ITEMS: dict[str, type[_Message | _Call | _Output | _Reasoning]] = {
    "message": _Message,
    "function_call": _Call,
    "function_call_output": _Output,
    "reasoning": _Reasoning,
}


def messages_of(
    given: str | list[dict[str, Any]], instructions: str | None
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Return the messages, and for each the name of the item that it comes from.

    Raises:
        Invalid: there is no item, or one that the models served here can't read; `field` says which.
    """
    messages: list[dict[str, Any]] = []
    names: dict[str, str] = {}
    if instructions:
        names["messages[0]"] = names["messages[0].content"] = "instructions"
        messages.append({"role": "system", "content": instructions})
    if isinstance(given, str):
        names[f"messages[{len(messages)}]"] = names[f"messages[{len(messages)}].content"] = "input"
        return [*messages, {"role": "user", "content": given}], names
    if not 0 < len(given) <= _MOST:
        told = f"Invalid value for 'input': it has 1 to {_MOST} items."
        raise Invalid(told, field="input", rule="invalid_value")
    for at, fields in enumerate(given):
        item = _item(fields, f"input[{at}]")
        if isinstance(item, _Reasoning):
            continue
        if not isinstance(item, _Call):
            names[f"messages[{len(messages)}]"] = f"input[{at}]"
            messages.append(_message(item))
            continue
        if not messages or messages[-1]["role"] != "assistant":
            names[f"messages[{len(messages)}]"] = f"input[{at}]"
            messages.append({"role": "assistant", "content": None})
        calls: list[dict[str, Any]] = messages[-1].setdefault("tool_calls", [])
        names[f"messages[{len(messages) - 1}].tool_calls[{len(calls)}].function"] = f"input[{at}]"
        function = {"name": item.name, "arguments": item.arguments}
        calls.append({"id": item.call_id, "type": "function", "function": function})
    return messages, names


def _item(fields: dict[str, Any], at: str) -> _Message | _Call | _Output | _Reasoning:
    kind = fields.get("type", "message")
    if not isinstance(kind, str) or kind not in _ITEMS:
        known = ", ".join(f"`{name}`" for name in _ITEMS)
        path = f"{at}.type"
        told = f"Invalid value for '{path}': the models served here read items of type {known}."
        raise Invalid(told, field=path, rule="invalid_value")
    return typed(fields, _ITEMS[kind], at)


def _message(item: _Message | _Output) -> dict[str, Any]:
    if isinstance(item, _Output):
        return {"role": "tool", "tool_call_id": item.call_id, "content": _joined(item.output)}
    return {"role": item.role, "content": _joined(item.content)}


def _joined(content: _Content) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(part.refusal if isinstance(part, _Refusal) else part.text for part in content)
