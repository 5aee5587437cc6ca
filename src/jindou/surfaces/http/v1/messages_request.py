"""The body of ``POST /v1/messages``: Anthropic's fields, strictly typed, and what they are as a chat request.

https://docs.anthropic.com/en/api/messages describes them. What has no effect on the models served here is accepted
where leaving it out changes nothing, and refused where it would.
"""

import json
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from jindou.errors import Invalid
from jindou.surfaces.http.v1.decoding import Chat, decode, require_nothing

__all__ = ["MessagesRequest", "chat_of", "read"]

_NAME = r"^[A-Za-z0-9_-]{1,128}(?!\n)$"
_FAILED = "Error: "
_OLDER = "2023-06-01"
_NEWER = "2026-10-21"

Name = Annotated[str, Meta(pattern=_NAME)]
Share = Annotated[float, Meta(ge=0, le=1)]


class _Strict(Struct, forbid_unknown_fields=True, kw_only=True):
    pass


class _CacheControl(_Strict):
    type: Literal["ephemeral"]
    ttl: Literal["5m", "1h"] | None = None


class _Block(_Strict, tag_field="type"):
    cache_control: _CacheControl | None = None


class _TextBlock(_Block, kw_only=True, tag="text"):
    text: str
    citations: list[Any] | None = None


class _ToolUse(_Block, kw_only=True, tag="tool_use"):
    id: str
    name: Name
    input: dict[str, Any]
    caller: dict[str, Any] | None = None


class _ToolResult(_Block, kw_only=True, tag="tool_result"):
    tool_use_id: str
    content: str | list[_TextBlock] | None = None
    is_error: bool | None = None


class _Thinking(_Block, kw_only=True, tag="thinking"):
    thinking: str
    signature: str = ""


class _HiddenThinking(_Block, kw_only=True, tag="redacted_thinking"):
    data: str


class _Message(_Strict):
    role: Literal["user", "assistant", "system"]
    content: str | list[_TextBlock | _ToolUse | _ToolResult | _Thinking | _HiddenThinking]


class _CustomTool(_Strict):
    name: Name
    input_schema: dict[str, Any]
    description: str | None = None
    type: Literal["custom"] | None = None
    cache_control: _CacheControl | None = None
    strict: bool | None = None
    eager_input_streaming: bool | None = None
    input_examples: list[dict[str, Any]] | None = None


class _ToolChoice(_Strict):
    type: Literal["auto", "any", "tool", "none"]
    name: str | None = None
    disable_parallel_tool_use: bool = False


class _Thought(_Strict):
    type: Literal["enabled", "disabled", "adaptive", "between_tools"]
    budget_tokens: int | None = None
    display: Literal["summarized", "omitted"] | None = None


class _JsonFormat(_Strict):
    type: Literal["json_schema"]
    schema: dict[str, Any]


class _OutputConfig(_Strict):
    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = None
    format: _JsonFormat | None = None


class _Metadata(_Strict):
    user_id: str | None = None


class MessagesRequest(_Strict):
    """A request for the next message of a conversation."""

    model: str
    max_tokens: Annotated[int, Meta(ge=1)]
    messages: Annotated[list[_Message], Meta(min_length=1, max_length=2048)]
    system: str | list[_TextBlock] | None = None
    stop_sequences: list[str] | None = None
    stream: bool | None = None
    temperature: Share | None = None
    top_p: Share | None = None
    top_k: int | None = None
    tools: Annotated[list[_CustomTool], Meta(max_length=128)] | None = None
    tool_choice: _ToolChoice | None = None
    output_config: _OutputConfig | None = None
    thinking: _Thought | None = None
    # Known to Anthropic's clients; nothing here depends on them.
    cache_control: _CacheControl | None = None
    metadata: _Metadata | None = None
    service_tier: Literal["auto", "standard_only"] | None = None

    @property
    def shows_thoughts(self) -> bool:
        """Say whether the client wants to see what the model thinks before it answers."""
        return self.thinking is not None and self.thinking.type != "disabled"


def read(body: bytes, version: str = "") -> MessagesRequest:
    """Return the request in `body`, as the `version` of the API has it: the header ``anthropic-version``.

    A request without the header is taken as of the older version, which has the settings of sampling too.

    Raises:
        Invalid: it is no JSON, a field is wrong, or asks for what is not there; or nobody here speaks the version.
    """
    if version not in {"", _OLDER, _NEWER}:
        told = f"anthropic-version: {version[:40]!r} is not spoken here; {_OLDER} and {_NEWER} are."
        raise Invalid(told, field="anthropic-version", rule="invalid_value")
    request = decode(body, MessagesRequest)
    if version == _NEWER:
        for name in ("temperature", "top_p", "top_k"):
            is_there = getattr(request, name) is not None
            require_nothing(is_there, name, f"version {_NEWER} of the API has it no more; {_OLDER} has")
    require_nothing(request.top_k, "top_k", "this is not supported by the models served here")
    path = f"messages[{len(request.messages) - 1}].role"
    is_begun = request.messages[-1].role == "assistant"
    require_nothing(is_begun, path, "the models served here do not go on with an answer that is put into their mouth")
    return request


def chat_of(request: MessagesRequest) -> Chat:
    """Return `request` as the fields of a chat request.

    Raises:
        Invalid: a block stands where it can't stand.
    """
    messages, names = _messages(request)
    body: dict[str, Any] = {"model": request.model, "messages": messages, "max_completion_tokens": request.max_tokens}
    if request.stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
    if request.tool_choice is not None:
        body |= _choice(request.tool_choice)
    if request.output_config is not None and request.output_config.format is not None:
        asked = {"name": "answer", "schema": request.output_config.format.schema, "strict": True}
        body["response_format"] = {"type": "json_schema", "json_schema": asked}
    if request.metadata is not None and request.metadata.user_id is not None:
        body["user"] = request.metadata.user_id
    given = {"stop": request.stop_sequences or None, "temperature": request.temperature, "top_p": request.top_p}
    body |= {name: value for name, value in given.items() if value is not None}
    return Chat(body, names | _NAMES | _tool_names(request))


_NAMES = {
    "max_completion_tokens": "max_tokens",
    "stop": "stop_sequences",
    "response_format": "output_config.format",
    "response_format.json_schema.schema": "output_config.format.schema",
    "response_format.json_schema": "output_config.format",
    "user": "metadata.user_id",
}


def _tool_names(request: MessagesRequest) -> dict[str, str]:
    tools = range(len(request.tools or ()))
    return {f"tools[{at}].function": f"tools[{at}]" for at in tools} | {
        f"tools[{at}].function.parameters": f"tools[{at}].input_schema" for at in tools
    }


def _tool(tool: _CustomTool) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.name, "parameters": tool.input_schema}
    if tool.description is not None:
        function["description"] = tool.description
    return {"type": "function", "function": function}


def _choice(choice: _ToolChoice) -> dict[str, Any]:
    if choice.type == "tool":
        if choice.name is None:
            missing = "tool_choice.name"
            raise Invalid(f"Missing required parameter: '{missing}'.", field=missing, rule="missing_required_parameter")
        chosen: object = {"type": "function", "function": {"name": choice.name}}
    else:
        chosen = "required" if choice.type == "any" else choice.type
    return {"tool_choice": chosen} | ({"parallel_tool_calls": False} if choice.disable_parallel_tool_use else {})


def _messages(request: MessagesRequest) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Return the chat messages, and for each the name of the message that it comes from."""
    messages: list[dict[str, Any]] = []
    names: dict[str, str] = {}
    if request.system:
        names["messages[0]"] = "system"
        names["messages[0].content"] = "system"
        messages.append({"role": "system", "content": _joined(request.system)})
    for at, message in enumerate(request.messages):
        made = _assistant(message, at) if message.role == "assistant" else _said(message, at)
        for one in made:
            names |= {f"messages[{len(messages)}]": f"messages[{at}]"} | _call_names(message, len(messages), at)
            messages.append(one)
    return messages, names


def _call_names(message: _Message, ours: int, at: int) -> dict[str, str]:
    blocks = enumerate(message.content if isinstance(message.content, list) else ())
    calls = [place for place, block in blocks if isinstance(block, _ToolUse)]
    return {
        f"messages[{ours}].tool_calls[{call}].function": f"messages[{at}].content[{place}]"
        for call, place in enumerate(calls)
    }


def _said(message: _Message, at: int) -> list[dict[str, Any]]:
    """Return what a person said, or a tool answered: each result is a message of its own."""
    if isinstance(message.content, str):
        return [{"role": message.role, "content": message.content}]
    made: list[dict[str, Any]] = []
    for place, block in enumerate(message.content):
        if isinstance(block, _TextBlock):
            if made and made[-1]["role"] == message.role:
                made[-1]["content"] += "\n" + block.text
            else:
                made.append({"role": message.role, "content": block.text})
        elif isinstance(block, _ToolResult) and message.role == "user":
            made.append({"role": "tool", "tool_call_id": block.tool_use_id, "content": _result(block)})
        else:
            raise _misplaced(message, at, place)
    return made or [{"role": message.role, "content": ""}]


def _assistant(message: _Message, at: int) -> list[dict[str, Any]]:
    """Return what the assistant said and called. What it thought is its own, and not shown to it again."""
    if isinstance(message.content, str):
        return [{"role": "assistant", "content": message.content}]
    texts: list[str] = []
    calls: list[dict[str, Any]] = []
    for place, block in enumerate(message.content):
        if isinstance(block, _TextBlock):
            texts.append(block.text)
        elif isinstance(block, _ToolUse):
            function = {"name": block.name, "arguments": json.dumps(block.input, ensure_ascii=False)}
            calls.append({"id": block.id, "type": "function", "function": function})
        elif isinstance(block, _ToolResult):
            raise _misplaced(message, at, place)
    return [{"role": "assistant", "content": "\n".join(texts)} | ({"tool_calls": calls} if calls else {})]


def _misplaced(message: _Message, at: int, place: int) -> Invalid:
    path = f"messages[{at}].content[{place}].type"
    told = f"Invalid value for '{path}': such a block does not stand in a message of role `{message.role}`."
    return Invalid(told, field=path, rule="invalid_value")


def _result(block: _ToolResult) -> str:
    text = _joined(block.content or "")
    return _FAILED + text if block.is_error and not text.lower().startswith("error") else text


def _joined(content: str | list[_TextBlock]) -> str:
    return content if isinstance(content, str) else "\n".join(part.text for part in content)
