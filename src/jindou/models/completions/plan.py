"""From a request to what has to be done: OpenAI's fields as the harness and the engine take them."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jindou.billing.usage import Quantities
from jindou.errors import Invalid
from jindou.models.completions.request import ChatRequest, FunctionTool, Message, ResponseFormat
from jindou.models.completions.schemas import object_schema, plain_schema
from jindou.models.gateway import ToolSchema

__all__ = ["Plan", "plan_of"]

_OURS = "say"
"""The name by which the harness lets a model answer in words."""

_FRAME_TOKENS = 1024
"""More than any template, and the harness, add to what the client sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One completion to be made. With `tools`, the harness makes it; `json_schema` holds for words."""

    messages: list[dict[str, object]]
    tools: list[ToolSchema]
    answer_only: bool
    must_call: bool
    parallel: bool
    json_schema: Mapping[str, object] | None
    max_tokens: int
    temperature: float
    seed: int
    stop: tuple[str, ...]
    sampling: Mapping[str, float]

    def worst(self, context_tokens: int) -> Quantities:
        """Return more than the completion can use: a token is a byte at least, and no request exceeds the context."""
        shown = [*self.messages, *({"name": t.name, "about": t.description, "of": t.parameters} for t in self.tools)]
        prompt = len(json.dumps(shown, ensure_ascii=False).encode()) + _FRAME_TOKENS
        requests = 1 if not self.tools else 3 if self.json_schema is not None else 2
        if requests > 1:
            prompt += self.max_tokens
        return Quantities(input_tokens=requests * min(prompt, context_tokens), output_tokens=requests * self.max_tokens)


def plan_of(request: ChatRequest, context_tokens: int) -> Plan:
    """Return what `request` asks for.

    Raises:
        Invalid: its fields contradict each other, or a schema can't be used.
    """
    choice = request.tool_choice or "auto"
    given = {
        "top_p": request.top_p,
        "presence_penalty": request.presence_penalty,
        "frequency_penalty": request.frequency_penalty,
    }
    return Plan(
        messages=[_message(message) for message in request.messages],
        tools=_tools(request.tools or [], choice),
        answer_only=choice == "none",
        must_call=choice not in {"none", "auto"},
        parallel=request.parallel_tool_calls is not False,
        json_schema=_json_schema(request.response_format),
        max_tokens=_max_tokens(request, context_tokens),
        temperature=request.temperature or 0.0,
        seed=secrets.randbelow(2**31) if request.seed is None else request.seed % 2**31,
        stop=tuple(request.stop or ()),
        sampling={name: value for name, value in given.items() if value is not None},
    )


def _message(message: Message) -> dict[str, object]:
    plain: dict[str, object] = {
        "role": "system" if message.role == "developer" else message.role,
        "content": message.content or "",
    }
    if message.role == "assistant" and message.tool_calls:
        plain["tool_calls"] = [call.model_dump() for call in message.tool_calls]
    if message.role == "tool":
        plain["tool_call_id"] = message.tool_call_id
    return plain


def _tools(given: list[FunctionTool], choice: str) -> list[ToolSchema]:
    tools: dict[str, ToolSchema] = {}
    for at, tool in enumerate(given):
        name, field = tool.function.name, f"tools[{at}].function"
        if name == _OURS or name in tools:
            why = "is taken by the gateway" if name == _OURS else "is there twice"
            raise Invalid(f"The name `{name}` {why}; choose another.", field=f"{field}.name", rule="a free name")
        schema = object_schema(tool.function.parameters, f"{field}.parameters")
        tools[name] = ToolSchema(name, tool.function.description or "", schema)
    wanted = choice.removeprefix("=")
    if choice.startswith("="):
        if wanted not in tools:
            raise Invalid(f"`tools` has no function `{wanted}`.", field="tool_choice", rule="one of `tools`")
        return [tools[wanted]]
    if choice == "required" and not tools:
        raise Invalid("`tool_choice` requires a call, and there are no `tools`.", field="tool_choice", rule="tools")
    return list(tools.values())


def _json_schema(asked: ResponseFormat | None) -> Mapping[str, Any] | None:
    if asked is None or asked.type == "text":
        return None
    if asked.type == "json_object":
        return {"type": "object"}
    field = "response_format.json_schema"
    if asked.json_schema is None:
        raise Invalid("`response_format` of type `json_schema` lacks `json_schema`.", field=field, rule="required")
    return plain_schema(asked.json_schema.schema_ or {}, f"{field}.schema")


def _max_tokens(request: ChatRequest, context_tokens: int) -> int:
    asked = request.max_completion_tokens or request.max_tokens
    if asked is not None and asked > context_tokens:
        field = "max_completion_tokens" if request.max_completion_tokens else "max_tokens"
        told = f"{field} is {asked}; the model's context has {context_tokens} tokens."
        raise Invalid(told, field=field, rule=f"at most {context_tokens}")
    return asked or context_tokens
