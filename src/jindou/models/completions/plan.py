"""From a request to what has to be done: OpenAI's fields as the harness and the engine take them."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from jindou.billing.usage import Quantities
from jindou.errors import Invalid
from jindou.models.completions.request import (
    ChatRequest,
    Flat,
    FunctionTool,
    Message,
    NamedChoice,
    Part,
    ResponseFormat,
)
from jindou.models.completions.schemas import object_schema, plain_schema
from jindou.models.gateway import MOST_REQUESTS, ToolSchema, most_used

__all__ = ["Plan", "max_tokens_of", "plan_of", "upstream_body", "worst_of"]

_OURS: Final = "say"
"""The name by which the harness lets a model answer in words."""

_PART_TOKENS: Final = 16_384
"""What Qwen's models that see make of a picture at most, unless their processor is set up otherwise (12.8 million
pixels, 28 × 28 a token)."""

_KEPT_HERE: Final = (
    "user",
    "safety_identifier",
    "prompt_cache_key",
    "prompt_cache_retention",
    "prompt_cache_options",
    "service_tier",
    "verbosity",
    "metadata",
    "store",
    "modalities",
    "stream_options",
)
"""What an engine need not hear of."""


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
    choices: int


def worst_of(
    request: ChatRequest, body_bytes: int, context_tokens: int, *, most_prompt: int | None, harnessed: bool
) -> Quantities:
    """Return more than the completion can use: a token is a byte at least, and no prompt exceeds `most_prompt`.

    That is None where nobody here knows what an engine refuses. Where the client does not say how long an answer may
    be, it is taken to be no longer than the context.
    """
    made = max_tokens_of(request, context_tokens)
    unread = _unread_parts(request)
    size = body_bytes + sum(_PART_TOKENS - _length(part.image_url) - _length(part.input_audio) for part in unread)
    requests = 1
    if harnessed and request.tools:
        # After that come the words that keep a schema.
        requests = MOST_REQUESTS + (request.response_format is not None)
    one, n = most_used(size, made, requests=requests, most_prompt=most_prompt), request.n or 1
    return Quantities(input_tokens=n * one.input_tokens, output_tokens=n * one.output_tokens)


def upstream_body(request: ChatRequest) -> dict[str, Any]:
    """Return the body for an engine that speaks the same language; it always says what it used."""
    body: dict[str, Any] = msgspec.to_builtins(request)
    for name in _KEPT_HERE:
        body.pop(name, None)
    if request.stream:
        body["stream_options"] = {"include_usage": True}
    return body


def plan_of(request: ChatRequest, context_tokens: int) -> Plan:
    """Return what `request` asks for.

    Raises:
        Invalid: its fields contradict each other, or a schema can't be used.
    """
    _refuse_what_only_an_engine_can(request)
    choice = request.tool_choice or "auto"
    given = {
        "top_p": request.top_p,
        "presence_penalty": request.presence_penalty,
        "frequency_penalty": request.frequency_penalty,
    }
    return Plan(
        messages=[_message(message, at) for at, message in enumerate(request.messages)],
        tools=_tools(request.tools or [], choice),
        answer_only=choice == "none",
        must_call=choice == "required" or isinstance(choice, NamedChoice),
        parallel=request.parallel_tool_calls is not False,
        json_schema=_json_schema(request.response_format),
        max_tokens=max_tokens_of(request, context_tokens),
        temperature=request.temperature or 0.0,
        seed=secrets.randbelow(2**31) if request.seed is None else request.seed % 2**31,
        stop=request.stops,
        sampling={name: value for name, value in given.items() if value is not None},
        choices=request.n or 1,
    )


def max_tokens_of(request: ChatRequest, context_tokens: int) -> int:
    """Return how many tokens the answer may have.

    Raises:
        Invalid: more were asked for than the context has.
    """
    asked = request.max_completion_tokens or request.max_tokens
    if asked is not None and asked > context_tokens:
        field = "max_completion_tokens" if request.max_completion_tokens else "max_tokens"
        told = f"{field} is {asked}; the model's context has {context_tokens} tokens."
        raise Invalid(told, field=field, rule=f"at most {context_tokens}")
    return asked or context_tokens


def _unread_parts(request: ChatRequest) -> list[Part]:
    """Return the parts that are no text: how long a picture or a sound is as one says nothing of its tokens."""
    lists = [message.content for message in request.messages if isinstance(message.content, list)]
    return [part for parts in lists for part in parts if part.type not in {"text", "refusal"}]


def _length(content: Flat) -> int:
    texts = content.values() if isinstance(content, dict) else [content]
    return sum(len(text.encode()) for text in texts if isinstance(text, str))


def _refuse_what_only_an_engine_can(request: ChatRequest) -> None:
    for name in ("logprobs", "top_logprobs", "logit_bias"):
        if getattr(request, name):
            told = f"`{name}` is not there with this model together with tools or a schema: leave one of them out."
            raise Invalid(told, field=name, rule="supported")


def _message(message: Message, at: int) -> dict[str, object]:
    plain: dict[str, object] = {
        "role": "system" if message.role == "developer" else message.role,
        "content": _text(message, at),
    }
    if message.role == "assistant" and message.tool_calls:
        plain["tool_calls"] = msgspec.to_builtins(message.tool_calls)
    if message.role == "tool":
        plain["tool_call_id"] = message.tool_call_id
    return plain


def _text(message: Message, at: int) -> str:
    """Join the parts of a message; a model that only reads refuses pictures and sound."""
    if not isinstance(message.content, list):
        return message.content or ""
    texts: list[str] = []
    for part in message.content:
        text = part.text if part.type == "text" else part.refusal if part.type == "refusal" else None
        if text is None:
            field = f"messages[{at}].content"
            raise Invalid("Only parts of type `text` can be read by this model.", field=field, rule="text")
        texts.append(text)
    return "\n".join(texts)


def _tools(given: list[FunctionTool], choice: str | NamedChoice) -> list[ToolSchema]:
    tools: dict[str, ToolSchema] = {}
    for at, tool in enumerate(given):
        name, field = tool.function.name, f"tools[{at}].function"
        if name == _OURS or name in tools:
            why = "is taken by the gateway" if name == _OURS else "is there twice"
            raise Invalid(f"The name `{name}` {why}; choose another.", field=f"{field}.name", rule="a free name")
        schema = object_schema(tool.function.parameters, f"{field}.parameters")
        tools[name] = ToolSchema(name, tool.function.description or "", schema)
    if isinstance(choice, NamedChoice):
        wanted = choice.function.name
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
