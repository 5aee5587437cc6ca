"""The body of ``POST /v1/chat/completions``: OpenAI's fields, strictly typed, unknown ones refused.

What has no effect on a local model is accepted where leaving it out changes nothing, and refused where it would.
"""

import json
from typing import Annotated, Any, Literal, cast

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

__all__ = ["ChatRequest", "FunctionTool", "Message", "ResponseFormat"]

_NAME = r"^[A-Za-z0-9_-]{1,64}$"
_MOST_STOPS = 4


def _whole(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("the text has half a surrogate pair, which is no character") from None
    return text


Text = Annotated[str, AfterValidator(_whole)]


def _content(value: object) -> object:
    """Join the parts of a message; there are models for pictures and sound, but none is served."""
    if not isinstance(value, list):
        return value
    texts: list[str] = []
    for part in cast("list[object]", value):
        fields = cast("dict[str, object]", part) if isinstance(part, dict) else {}
        text = fields.get(str(fields.get("type")))
        if fields.get("type") not in ("text", "refusal") or not isinstance(text, str):
            raise ValueError("only parts of type `text` can be read by this model")
        texts.append(text)
    return "\n".join(texts)


def _stops(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _choice(value: object) -> object:
    """Return ``none``, ``auto``, ``required``, or ``=name`` for one function."""
    if isinstance(value, dict):
        function = cast("dict[str, object]", value).get("function")
        name = cast("dict[str, object]", function).get("name") if isinstance(function, dict) else None
        if cast("dict[str, object]", value).get("type") == "function" and isinstance(name, str):
            return f"={name}"
    elif value in ("none", "auto", "required", None):
        return value
    raise ValueError('expected "none", "auto", "required" or {"type": "function", "function": {"name": …}}')


def _only_one(value: object) -> object:
    if value is not None and (type(value) is not int or value != 1):
        raise ValueError("one choice is made for each request; ask again for another")
    return value


def _nothing(value: object) -> object:
    if value:
        raise ValueError("this is not supported by the models served here")
    return value


def _arguments(text: str) -> str:
    try:
        value: object = json.loads(text or "{}")
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise ValueError("the arguments of a call are a JSON object, as text")  # noqa: TRY004 - as pydantic takes it
    return text or "{}"


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")


class _CalledFunction(_Part):
    name: str = Field(pattern=_NAME)
    arguments: Annotated[Text, AfterValidator(_arguments)]


class _Call(_Part):
    id: Text
    type: Literal["function"] = "function"
    function: _CalledFunction


class Message(_Part):
    """One message; what else a client keeps in it is not looked at."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: Annotated[Text | None, BeforeValidator(_content)] = None
    tool_calls: list[_Call] | None = None
    tool_call_id: Text | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "Message":
        if self.content is None and not (self.role == "assistant" and self.tool_calls):
            raise ValueError(f"a message of role `{self.role}` has `content`")
        if self.role == "tool" and not self.tool_call_id:
            raise ValueError("a message of role `tool` has the `tool_call_id` that it answers")
        return self


class _Function(_Part):
    name: str = Field(pattern=_NAME)
    description: Text | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class FunctionTool(_Part):
    """A function that the model may call."""

    type: Literal["function"]
    function: _Function


class _NamedSchema(_Part):
    name: str = Field(pattern=_NAME)
    description: Text | None = None
    schema_: dict[str, Any] | None = Field(default=None, alias="schema")
    strict: bool | None = None


class ResponseFormat(_Part):
    """Text, any JSON object, or JSON of a schema."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: _NamedSchema | None = None


class _StreamOptions(_Part):
    include_usage: bool | None = None
    include_obfuscation: bool | None = None


class ChatRequest(BaseModel):
    """A request for a chat completion, as https://platform.openai.com/docs/api-reference/chat describes it."""

    model_config = ConfigDict(strict=True, extra="forbid")

    model: Text
    messages: list[Message] = Field(min_length=1, max_length=2048)
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    tools: list[FunctionTool] | None = Field(default=None, max_length=128)
    tool_choice: Annotated[str | None, BeforeValidator(_choice)] = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    stop: Annotated[
        Annotated[list[Annotated[Text, Field(min_length=1, max_length=200)]], Field(max_length=_MOST_STOPS)] | None,
        BeforeValidator(_stops),
    ] = None
    seed: int | None = Field(default=None, ge=-(2**63), le=2**63 - 1)
    temperature: float | None = Field(default=None, ge=0, le=2, allow_inf_nan=False)
    top_p: float | None = Field(default=None, ge=0, le=1, allow_inf_nan=False)
    presence_penalty: float | None = Field(default=None, ge=-2, le=2, allow_inf_nan=False)
    frequency_penalty: float | None = Field(default=None, ge=-2, le=2, allow_inf_nan=False)
    max_tokens: int | None = Field(default=None, ge=1)
    max_completion_tokens: int | None = Field(default=None, ge=1)
    n: Annotated[int | None, BeforeValidator(_only_one)] = None
    logprobs: Annotated[bool | None, AfterValidator(_nothing)] = None
    top_logprobs: Annotated[int | None, AfterValidator(_nothing)] = None
    logit_bias: Annotated[dict[str, float] | None, AfterValidator(_nothing)] = None
    modalities: list[Literal["text"]] | None = None
    # Known to OpenAI's clients; nothing here depends on them.
    user: str | None = None
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None
    service_tier: Literal["auto", "default"] | None = None
    metadata: dict[str, str] | None = None
    store: Annotated[bool | None, AfterValidator(_nothing)] = None
