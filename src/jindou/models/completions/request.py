"""The body of ``POST /v1/chat/completions``: OpenAI's fields, strictly typed, unknown ones refused.

What has no effect here is accepted where leaving it out changes nothing, and refused where it would. It is read with
msgspec, which is quick enough to be on the way of every request.
"""

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from jindou.errors import Invalid

__all__ = ["ChatRequest", "FunctionTool", "Message", "ResponseFormat", "malformed"]

_NAME: Final = r"^[A-Za-z0-9_-]{1,64}(?!\n)$"
_SURROGATE: Final = re.compile("[\ud800-\udfff]")

Name = Annotated[str, Meta(pattern=_NAME)]
Flat = str | dict[str, str | int | float | bool | None] | None
"""What has no further depth."""


class Part(Struct, omit_defaults=True):
    """A part of a message. Pictures and sound are for engines that take them."""

    type: str
    text: str | None = None
    refusal: str | None = None
    image_url: Flat = None
    input_audio: Flat = None
    file: Flat = None

    def __post_init__(self) -> None:
        """Hold a part of text to its text."""
        if self.type == "text" and self.text is None:
            raise ValueError("a part of type `text` has `text`")


class CalledFunction(Struct):
    """The function that an earlier answer called; `arguments` is a JSON object, as text.

    Of one that was cut off, at the end of an answer, nothing is left.
    """

    name: Name
    arguments: str

    def __post_init__(self) -> None:
        """Hold the arguments to be an object."""
        try:
            value: object = json.loads(self.arguments or "{}")
        except (ValueError, RecursionError):
            value = None
            if self.arguments.lstrip().startswith("{"):
                self.arguments, value = "{}", {}
        if not isinstance(value, dict):
            raise ValueError("the arguments of a call are a JSON object, as text")  # noqa: TRY004 - as msgspec takes it
        self.arguments = self.arguments or "{}"


class Call(Struct):
    """A call in an earlier answer."""

    id: str
    function: CalledFunction
    type: Literal["function"] = "function"


class Message(Struct, omit_defaults=True):
    """One message; what else a client keeps in it is not looked at."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[Part] | None = None
    tool_calls: list[Call] | None = None
    tool_call_id: str | None = None

    def __post_init__(self) -> None:
        """Hold a message to say something."""
        if self.content is None and not (self.role == "assistant" and self.tool_calls):
            raise ValueError(f"a message of role `{self.role}` has `content`")
        if self.role == "tool" and not self.tool_call_id:
            raise ValueError("a message of role `tool` has the `tool_call_id` that it answers")


class Function(Struct, omit_defaults=True):
    """What a function is called, what it is for, and the schema of its arguments."""

    name: Name
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class FunctionTool(Struct):
    """A function that the model may call."""

    type: Literal["function"]
    function: Function


class _Named(Struct):
    name: str


class NamedChoice(Struct):
    """The one function that has to be called."""

    type: Literal["function"]
    function: _Named


class NamedSchema(Struct, omit_defaults=True, rename={"schema_": "schema"}):
    """A JSON schema with a name."""

    name: Name
    description: str | None = None
    schema_: dict[str, Any] | None = None
    strict: bool | None = None


class ResponseFormat(Struct, omit_defaults=True):
    """Text, any JSON object, or JSON of a schema."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: NamedSchema | None = None


class StreamOptions(Struct, omit_defaults=True):
    """Whether the last chunk says what was used."""

    include_usage: bool | None = None
    include_obfuscation: bool | None = None


_Tokens = Annotated[int, Meta(ge=1, le=2**31)]
_Penalty = Annotated[float, Meta(ge=-2, le=2)]
_Stop = Annotated[str, Meta(min_length=1, max_length=200)]


class ChatRequest(Struct, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    """A request for a chat completion, as https://platform.openai.com/docs/api-reference/chat describes it."""

    model: str
    messages: Annotated[list[Message], Meta(min_length=1, max_length=2048)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    tools: Annotated[list[FunctionTool], Meta(max_length=128)] | None = None
    tool_choice: Literal["none", "auto", "required"] | NamedChoice | None = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    stop: _Stop | Annotated[list[_Stop], Meta(max_length=4)] | None = None
    seed: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    presence_penalty: _Penalty | None = None
    frequency_penalty: _Penalty | None = None
    max_tokens: _Tokens | None = None
    max_completion_tokens: _Tokens | None = None
    n: Annotated[int, Meta(ge=1, le=8)] | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    logit_bias: dict[str, Annotated[float, Meta(ge=-100, le=100)]] | None = None
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None = None
    modalities: list[Literal["text"]] | None = None
    # Not OpenAI's: how Model Studio, vLLM and SGLang have Qwen think or not.
    enable_thinking: bool | None = None
    chat_template_kwargs: dict[str, str | int | float | bool | None] | None = None
    # Known to OpenAI's clients; nothing here depends on them.
    user: str | None = None
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None
    prompt_cache_retention: str | None = None
    service_tier: Literal["auto", "default", "flex", "scale", "priority", "fast"] | None = None
    prompt_cache_options: Any = None
    verbosity: Literal["low", "medium", "high"] | None = None
    metadata: dict[str, str] | None = None
    store: bool | None = None

    def __post_init__(self) -> None:
        """Refuse to keep what nobody keeps here."""
        if self.store:
            raise ValueError("completions are not stored here; leave `store` out")
        if self.max_tokens is not None and self.max_completion_tokens is not None:
            raise ValueError("`max_completion_tokens` takes the place of `max_tokens`: give one of them")

    @classmethod
    def read(cls, body: bytes) -> "ChatRequest":
        """Read the body of a request.

        Raises:
            Invalid: it is no JSON, or breaks a rule; `field` says where.
        """
        try:
            return _DECODER.decode(body)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
            raise malformed(error) from None

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "ChatRequest":
        """Return the request that plain values make up.

        Raises:
            Invalid: they break a rule; `field` says where.
        """
        try:
            return msgspec.convert(dict(values), cls)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise malformed(error) from None

    @property
    def stops(self) -> tuple[str, ...]:
        """The stop sequences."""
        return (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())

    @property
    def has_to_call(self) -> bool:
        """Whether the answer has to be a call, of any tool or of a certain one."""
        return self.tool_choice == "required" or isinstance(self.tool_choice, NamedChoice)

    @property
    def thinks(self) -> bool | None:
        """Whether the model is to think aloud before it answers; None if the client does not say."""
        asked = (self.chat_template_kwargs or {}).get("enable_thinking", self.enable_thinking)
        if asked is None and self.reasoning_effort is not None:
            return self.reasoning_effort not in {"none", "minimal"}
        return asked.lower() == "true" if isinstance(asked, str) else None if asked is None else bool(asked)

    @property
    def includes_usage(self) -> bool:
        """Whether the stream ends with what was used."""
        return bool(self.stream_options and self.stream_options.include_usage)


_DECODER: Final = msgspec.json.Decoder(ChatRequest)
_UNKNOWN: Final = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_MISSING: Final = re.compile(r"Object missing required field `(.*)`", re.DOTALL)


def malformed(error: Exception) -> Invalid:
    """Return the error for what msgspec said of a body; its `field` has the form ``messages[0].content``."""
    if not isinstance(error, msgspec.ValidationError):
        return Invalid("The body is no JSON that can be parsed.", rule="invalid_json")
    said, _, path = _shown(str(error)).partition(" - at `")
    field = path.removesuffix("`").removeprefix("$").removeprefix(".")[:200]
    if unknown := _UNKNOWN.match(said):
        field = f"{field}.{unknown[1]}".removeprefix(".")[:200]
        return Invalid(f"Unrecognized request argument supplied: {field}", field=field, rule="unknown_parameter")
    if missing := _MISSING.match(said):
        field = f"{field}.{missing[1]}".removeprefix(".")[:200]
        return Invalid(f"Missing required parameter: '{field}'.", field=field, rule="missing_required_parameter")
    rule = "invalid_type" if said.startswith("Expected `") and ", got `" in said else "invalid_value"
    return Invalid(f"Invalid value for '{field or 'the body'}': {said}.", field=field, rule=rule)


def _shown(text: str) -> str:
    return _SURROGATE.sub("?", text)
