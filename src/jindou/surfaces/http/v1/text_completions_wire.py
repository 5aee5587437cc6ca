"""`/v1/completions`: prompts of plain text, put to the models as what a person says.

https://platform.openai.com/docs/api-reference/completions describes the fields. Every model served here is one for
conversations, so a prompt is answered, and not gone on with.
"""

from collections.abc import Sequence
from typing import Annotated, Any

from msgspec import Meta, Struct

from jindou.models.engines import Usage
from jindou.surfaces.http.v1.decoding import Asked, decode, encode, require_nothing
from jindou.surfaces.http.v1.events import CallPiece, Done, Failed, ReasoningPiece, TextPiece
from jindou.surfaces.http.v1.telling import told

__all__ = ["TextRequest", "TextStream", "chats_of", "read", "text_completion"]

_LENGTH = 16
"""How many tokens an answer has at most if the client does not say, as at OpenAI."""

_UNSERVED = "this is not supported by the models served here"
_MOST_PROMPTS = 32

Penalty = Annotated[float, Meta(ge=-2, le=2)]
Several = Annotated[int, Meta(ge=1, le=128)]


class _StreamOptions(Struct):
    include_usage: bool | None = None
    include_obfuscation: bool | None = None


class TextRequest(Struct, forbid_unknown_fields=True, kw_only=True):
    """A request to answer one prompt, or several."""

    model: str
    prompt: str | Annotated[list[str | int | list[int]], Meta(min_length=1, max_length=2048)]
    max_tokens: Annotated[int, Meta(ge=1)] | None = None
    n: Several | None = None
    best_of: Several | None = None
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    stop: str | list[str] | None = None
    seed: int | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    user: str | None = None
    # What there is none of.
    echo: bool | None = None
    suffix: str | None = None
    logprobs: int | None = None
    logit_bias: dict[str, float] | None = None

    @property
    def prompts(self) -> list[str]:
        """Return the prompts; `read` has looked that each is text."""
        given = [self.prompt] if isinstance(self.prompt, str) else self.prompt
        return [prompt for prompt in given if isinstance(prompt, str)]

    @property
    def choices(self) -> int:
        """Return how many answers each prompt gets."""
        return self.n or 1

    @property
    def includes_usage(self) -> bool:
        """Say whether the last chunk of a stream tells what was used."""
        return self.stream_options is not None and self.stream_options.include_usage is True


def read(body: bytes) -> TextRequest:
    """Return the request in `body`.

    Raises:
        Invalid: it is no JSON, a field is wrong, or asks for what is not there.
    """
    request = decode(body, TextRequest)
    given = [request.prompt] if isinstance(request.prompt, str) else request.prompt
    require_nothing(len(request.prompts) < len(given), "prompt", "a prompt is text here, and no tokens")
    require_nothing(len(given) > _MOST_PROMPTS, "prompt", f"at most {_MOST_PROMPTS} prompts are answered at once")
    require_nothing(request.best_of not in (None, request.choices), "best_of", "it is `n`, or left out")
    require_nothing(request.echo, "echo", _UNSERVED)
    require_nothing(request.suffix, "suffix", _UNSERVED)
    require_nothing(request.logprobs is not None, "logprobs", _UNSERVED)
    require_nothing(request.logit_bias, "logit_bias", _UNSERVED)
    return request


def chats_of(request: TextRequest) -> list[Asked]:
    """Return a chat request for each prompt."""
    shared: dict[str, Any] = {"model": request.model, "max_tokens": request.max_tokens or _LENGTH}
    if request.stream:
        shared |= {"stream": True, "stream_options": {"include_usage": True}}
    names = ("n", "stop", "seed", "temperature", "top_p", "presence_penalty", "frequency_penalty", "user")
    shared |= {name: value for name in names if (value := getattr(request, name)) is not None}
    many = not isinstance(request.prompt, str)
    asked: list[Asked] = []
    for at, prompt in enumerate(request.prompts):
        field = f"prompt[{at}]" if many else "prompt"
        body = shared | {"messages": [{"role": "user", "content": prompt}]}
        asked.append(Asked(body, {"messages[0]": field, "messages[0].content": field, "messages": field}))
    return asked


def text_completion(id_: str, model: str, created: int, answers: Sequence[tuple[Sequence[TextPiece], Done]]) -> bytes:
    """Return the answer to a request that is not streamed; `answers` are in the order of the prompts."""
    choices: list[dict[str, Any]] = []
    used = Usage()
    for pieces, done in answers:
        used += done.usage
        for choice, reason in enumerate(done.finish_reasons):
            text = "".join(piece.text for piece in pieces if piece.choice == choice)
            choices.append(_choice(len(choices), text, reason))
    return encode(_head(id_, model, created) | {"choices": choices, "usage": _usage(used)})


class TextStream:
    """Turns the events of one prompt after another into the bytes of a stream."""

    def __init__(self, id_: str, model: str, created: int, request: TextRequest) -> None:
        self._head = _head(id_, model, created)
        self._request = request
        self._answered = 0
        self._used = Usage()

    def of(self, event: TextPiece | ReasoningPiece | CallPiece | Done | Failed, asked: Asked | None = None) -> bytes:
        """Return what an event adds to the stream; `asked` names fields as the client does."""
        if isinstance(event, Failed):
            said = told(event.error, asked)
            error = {"message": said.message, "type": said.type, "param": said.param, "code": said.code}
            return _line({"error": error})
        if isinstance(event, TextPiece):
            return self._chunk(event.choice, event.text, None)
        return self._end(event) if isinstance(event, Done) else b""

    def _end(self, done: Done) -> bytes:
        told = b"".join(self._chunk(choice, "", reason) for choice, reason in enumerate(done.finish_reasons))
        self._answered += 1
        self._used += done.usage
        if self._answered < len(self._request.prompts):
            return told
        if self._request.includes_usage:
            told += _line(self._head | {"choices": [], "usage": _usage(self._used)})
        return told + b"data: [DONE]\n\n"

    def _chunk(self, choice: int, text: str, reason: str | None) -> bytes:
        at = self._answered * self._request.choices + choice
        usage = {"usage": None} if self._request.includes_usage else {}
        return _line(self._head | {"choices": [_choice(at, text, reason)]} | usage)


def _head(id_: str, model: str, created: int) -> dict[str, Any]:
    return {"id": f"cmpl-{id_.rpartition('_')[2]}", "object": "text_completion", "created": created, "model": model}


def _choice(at: int, text: str, reason: str | None) -> dict[str, Any]:
    return {"index": at, "text": text, "logprobs": None, "finish_reason": reason}


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.prompt + usage.completion,
        "prompt_tokens_details": {"cached_tokens": usage.cached},
    }


def _line(content: dict[str, Any]) -> bytes:
    return b"data: %b\n\n" % encode(content)
