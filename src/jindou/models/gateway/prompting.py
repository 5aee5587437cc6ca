"""How a small model is asked for calls: in one of two forms.

Our own assistants have tools with short, telling names: a line each, one of which is to say something, and one JSON
object a reply. Measured on Qwen2.5-Coder 0.5B and 1.5B, this form chooses better than the models' own template for
tools, is a third as long, and knows when not to call: to answer is a choice among others, and no absence of one.

Tools of strangers are shown `full`, in the form that Qwen's models were trained on and that many others know: JSON
schemas in the system message. With long descriptions the model makes more right calls of these than of any list; when
not to call is weighed afterwards. It is written out here, since not every engine and template takes tools.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, cast

from jindou.models.gateway.types import ToolSchema

__all__ = ["MORE_CALLS", "SAY", "messages_for"]

SAY: Final = "say"
_LEAD: Final = 'Each reply is one JSON object {"name": ..., "arguments": {...}} that calls one of these functions:'
_SAY_LINE: Final = (
    f"- {SAY}(text: string): Say something to the employee in words: greetings, thanks, general questions, "
    "anything that needs no data."
)

_FULL: Final = """# Tools

You may call one or more functions to assist with the user query.

You are provided with function signatures within <tools></tools> XML tags:
<tools>
{tools}
</tools>

For each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:
<tool_call>
{{"name": <function-name>, "arguments": <args-json-object>}}
</tool_call>"""
_NO_INSTRUCTIONS: Final = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."
"""With which Qwen's template begins where nobody gave any: without it, it is another prompt than the trained one."""

MORE_CALLS: Final = (
    "Now answer with a JSON list of the other function calls that my request takes, "
    "one for each thing that it asks for."
)
"""Left to itself, a small model makes the first call of several and stops."""

_REMINDER: Final = f"Request: {{asked}}\nResult: {{result}}\nNow {SAY} in one or two sentences what the result tells."
_REMINDER_CHARS: Final = 400


_json = json.JSONEncoder(ensure_ascii=False).encode


def _turn(role: str, text: str) -> dict[str, object]:
    return {"role": role, "content": text}


def _said(text: str) -> dict[str, object]:
    return _turn("assistant", _json({"name": SAY, "arguments": {"text": text}}))


_EXAMPLES: Final = (
    _turn("user", "谢谢你"),
    _said("不客气！"),
    _turn("user", "法国的首都是哪里？"),
    _said("是巴黎。"),
    _turn("user", "Hi!"),
    _said("Hello! How can I help?"),
)


def messages_for(
    messages: Sequence[Mapping[str, Any]], tools: Sequence[ToolSchema], *, full: bool = False
) -> list[dict[str, object]]:
    """Return `messages` in the form above. Their beginning depends on the system message and the tools alone."""
    begin = 1 if messages and messages[0].get("role") == "system" else 0
    instructions = str(messages[0]["content"]) if begin else ""
    if full:
        functions = "\n".join(map(_function, tools))
        system = f"{instructions if begin else _NO_INSTRUCTIONS}\n\n{_FULL.format(tools=functions)}"
        return [_turn("system", system), *_shown(messages[begin:], full=True)]
    functions = "\n".join([*(tool.line for tool in tools), _SAY_LINE])
    lead = f"{instructions}\n\n" if begin else ""
    return [_turn("system", f"{lead}{_LEAD}\n{functions}"), *_EXAMPLES, *_shown(messages[begin:], full=False)]


def _function(tool: ToolSchema) -> str:
    function = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return _json({"type": "function", "function": function})


def _shown(messages: Sequence[Mapping[str, Any]], *, full: bool) -> Iterator[dict[str, object]]:
    asked = ""
    for message in messages:
        content = str(message.get("content") or "")
        calls = cast("list[Mapping[str, Any]]", message.get("tool_calls") or [])
        match message.get("role"):
            case "assistant" if calls and full:
                made = [f"<tool_call>\n{_json(_call(call['function']))}\n</tool_call>" for call in calls]
                yield _turn("assistant", "\n".join([content, *made] if content else made))
            case "assistant" if calls:
                yield from (_turn("assistant", _json(_call(call["function"]))) for call in calls)
            case "assistant" if not full:
                yield _said(content)
            case "tool":
                # A small model that has read a long result no longer knows what it was asked.
                yield {**message, "content": _REMINDER.format(asked=asked[:_REMINDER_CHARS], result=content)}
            case role:
                asked = content if role == "user" else asked
                yield {**message, "content": content}


def _call(function: Mapping[str, Any]) -> dict[str, object]:
    arguments: object = function["arguments"]
    return {"name": function["name"], "arguments": json.loads(arguments) if isinstance(arguments, str) else arguments}
