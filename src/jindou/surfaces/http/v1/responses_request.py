"""The body of ``POST /v1/responses``: OpenAI's fields, strictly typed, and what they are as a chat request.

https://platform.openai.com/docs/api-reference/responses describes them. No response is kept here, so what refers to a
kept one is refused. What has no effect on the models served here is accepted where leaving it out changes nothing.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from jindou.errors import Invalid
from jindou.surfaces.http.v1.decoding import Chat, decode, require_nothing
from jindou.surfaces.http.v1.responses_items import messages_of

__all__ = ["ResponsesRequest", "chat_of", "read"]

_NAME = r"^[A-Za-z0-9_-]{1,64}(?!\n)$"
_STATELESS = "no response is kept here: send the items of the conversation in `input`"
_UNSERVED = "this is not supported by the models served here"

Name = Annotated[str, Meta(pattern=_NAME)]


class _Loose(Struct, kw_only=True):
    """What else a client keeps in it is not looked at."""


class _TextFormat(_Loose):
    type: Literal["text", "json_object", "json_schema"]
    name: Name | None = None
    schema: dict[str, Any] | None = None
    description: str | None = None
    strict: bool | None = None


class _TextConfig(_Loose):
    format: _TextFormat | None = None
    verbosity: Literal["low", "medium", "high"] | None = None


class _ResponsesTool(_Loose):
    type: Literal["function"]
    name: Name
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class _AllowedFunction(_Loose):
    type: Literal["function"]
    name: str


class _Allowed(_Loose, tag_field="type", tag="allowed_tools"):
    mode: Literal["auto", "required"]
    tools: list[_AllowedFunction]


class _Function(_Loose, tag_field="type", tag="function"):
    name: str


class _Reasoning(_Loose):
    effort: str | None = None
    summary: str | None = None
    generate_summary: str | None = None


class _StreamedHow(_Loose):
    include_obfuscation: bool | None = None


class ResponsesRequest(Struct, forbid_unknown_fields=True, kw_only=True):
    """A request for a response."""

    model: str
    input: str | list[dict[str, Any]]
    instructions: str | None = None
    stream: bool | None = None
    stream_options: _StreamedHow | None = None
    max_output_tokens: Annotated[int, Meta(ge=1)] | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    text: _TextConfig | None = None
    tools: Annotated[list[_ResponsesTool], Meta(max_length=128)] | None = None
    tool_choice: Literal["none", "auto", "required"] | _Allowed | _Function | None = None
    parallel_tool_calls: bool | None = None
    # What there is none of.
    previous_response_id: str | None = None
    conversation: str | dict[str, Any] | None = None
    prompt: dict[str, Any] | None = None
    background: bool | None = None
    store: bool | None = None
    top_logprobs: int | None = None
    truncation: Literal["auto", "disabled"] | None = None
    # Known to OpenAI's clients; nothing here depends on them.
    reasoning: _Reasoning | None = None
    include: list[str] | None = None
    max_tool_calls: int | None = None
    metadata: dict[str, str] | None = None
    prompt_cache_key: str | None = None
    prompt_cache_retention: str | None = None
    prompt_cache_options: dict[str, Any] | None = None
    safety_identifier: str | None = None
    service_tier: Literal["auto", "default", "flex", "scale", "priority", "fast"] | None = None
    user: str | None = None


def read(body: bytes) -> ResponsesRequest:
    """Return the request in `body`.

    Raises:
        Invalid: it is no JSON, a field is wrong, or asks for what is not there.
    """
    request = decode(body, ResponsesRequest)
    require_nothing(request.previous_response_id, "previous_response_id", _STATELESS)
    require_nothing(request.conversation, "conversation", _STATELESS)
    require_nothing(request.prompt, "prompt", "no prompts are kept here: send `instructions` and `input`")
    require_nothing(request.background, "background", _UNSERVED)
    require_nothing(request.store, "store", "no response is kept here: leave it out, or send false")
    require_nothing(request.top_logprobs, "top_logprobs", _UNSERVED)
    require_nothing(request.truncation == "auto", "truncation", "nothing is cut from a conversation here")
    require_nothing("message.output_text.logprobs" in (request.include or ()), "include", _UNSERVED)
    return request


def chat_of(request: ResponsesRequest) -> Chat:
    """Return `request` as the fields of a chat request.

    Raises:
        Invalid: an item is none that the models served here can read, or the choice of tools fits none of them.
    """
    messages, names = messages_of(request.input, request.instructions)
    body: dict[str, Any] = {"model": request.model, "messages": messages}
    if request.stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    tools, choice = _tools(request)
    if tools:
        body["tools"] = [_tool(tool) for _, tool in tools]
    if choice is not None:
        body["tool_choice"] = choice
    form = _format(request.text.format) if request.text is not None else None
    given = {
        "response_format": form,
        "max_completion_tokens": request.max_output_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "parallel_tool_calls": request.parallel_tool_calls,
        "prompt_cache_key": request.prompt_cache_key,
        "user": request.user,
    }
    body |= {name: value for name, value in given.items() if value is not None}
    return Chat(body, names | _NAMES | _tool_names([at for at, _ in tools]))


_NAMES = {
    "max_completion_tokens": "max_output_tokens",
    "response_format": "text.format",
    "response_format.json_schema": "text.format",
    "response_format.json_schema.schema": "text.format.schema",
}


def _tool_names(places: Sequence[int]) -> dict[str, str]:
    return {f"tools[{ours}].function": f"tools[{at}]" for ours, at in enumerate(places)}


def _tools(request: ResponsesRequest) -> tuple[list[tuple[int, _ResponsesTool]], object]:
    """Return the functions that may be called, each with its place, and the choice among them."""
    tools = list(enumerate(request.tools or ()))
    choice = request.tool_choice
    if isinstance(choice, _Function):
        return tools, {"type": "function", "function": {"name": choice.name}}
    if not isinstance(choice, _Allowed):
        return tools, choice
    allowed = {tool.name for tool in choice.tools}
    strange = allowed - {tool.name for _, tool in tools}
    if strange:
        path = "tool_choice.tools"
        told = f"Invalid value for '{path}': `tools` has no function `{min(strange)}`."
        raise Invalid(told, field=path, rule="invalid_value")
    return [(at, tool) for at, tool in tools if tool.name in allowed], choice.mode


def _tool(tool: _ResponsesTool) -> dict[str, Any]:
    given = {"description": tool.description, "parameters": tool.parameters, "strict": tool.strict}
    function = {"name": tool.name} | {name: value for name, value in given.items() if value is not None}
    return {"type": "function", "function": function}


def _format(form: _TextFormat | None) -> dict[str, Any] | None:
    if form is None or form.type != "json_schema":
        return None if form is None else {"type": form.type}
    for name in ("name", "schema"):
        if getattr(form, name) is None:
            path = f"text.format.{name}"
            raise Invalid(f"Missing required parameter: '{path}'.", field=path, rule="missing_required_parameter")
    return {"type": "json_schema", "json_schema": {"name": form.name, "schema": form.schema, "strict": form.strict}}
