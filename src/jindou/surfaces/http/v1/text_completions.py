"""`/v1/completions`: how a text goes on, in OpenAI's shapes.

https://platform.openai.com/docs/api-reference/completions describes the fields. A prompt gets no template: the engine
is sent it as it is, so this is for engines that speak HTTP.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from jindou.billing.usage import Quantities
from jindou.models.completions import Asked, Begun, Done, Event
from jindou.models.engines import Usage
from jindou.surfaces.http.v1.call import Call
from jindou.surfaces.http.v1.chat import usage_json
from jindou.surfaces.http.v1.decoding import decode, encode, require_nothing
from jindou.surfaces.http.v1.headers import headers_of
from jindou.surfaces.http.wire import Waits

__all__ = ["Choice", "TextRequest", "TextStream", "asked_of", "choices_of", "create", "read", "text_completion"]

_PATH: Final = "/completions"
_LENGTH: Final = 16
"""How many tokens are made at most if the client does not say, as at OpenAI."""

_UNSERVED: Final = "this is not supported by the models served here"
_MOST_PROMPTS: Final = 32

Penalty = Annotated[float, Meta(ge=-2, le=2)]
Stop = Annotated[str, Meta(min_length=1, max_length=200)]
Several = Annotated[int, Meta(ge=1, le=128)]


async def create(call: Call) -> None:
    """Go on with a text. What is used is in the ledger before the end is told, also if nobody listens."""
    holder = await call.holder()
    request = await call.read(read)
    writer = (_Stream if request.stream else _Whole)(call, request)
    for asked in asked_of(request):
        await call.make(holder, asked, writer.tell, writer.pass_on)


class _StreamedWith(Struct):
    include_usage: bool | None = None
    include_obfuscation: bool | None = None


class TextRequest(Struct, forbid_unknown_fields=True, kw_only=True):
    """A request to go on with one prompt, or several."""

    model: str
    prompt: str | Annotated[list[str | int | list[int]], Meta(min_length=1, max_length=2048)]
    max_tokens: Annotated[int, Meta(ge=1, le=2**31)] | None = None
    n: Several | None = None
    best_of: Several | None = None
    stream: bool | None = None
    stream_options: _StreamedWith | None = None
    stop: Stop | Annotated[list[Stop], Meta(max_length=4)] | None = None
    seed: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | None = None
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
        """Return how often each prompt is gone on with."""
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
    require_nothing(len(given) > _MOST_PROMPTS, "prompt", f"at most {_MOST_PROMPTS} prompts come at once")
    require_nothing(request.best_of not in (None, request.choices), "best_of", "it is `n`, or left out")
    require_nothing(request.echo, "echo", _UNSERVED)
    require_nothing(request.suffix, "suffix", _UNSERVED)
    require_nothing(request.logprobs is not None, "logprobs", _UNSERVED)
    require_nothing(request.logit_bias, "logit_bias", _UNSERVED)
    return request


def asked_of(request: TextRequest) -> list[Asked]:
    """Return what is asked of the engine for each prompt."""
    names = ("n", "stop", "seed", "temperature", "top_p", "presence_penalty", "frequency_penalty")
    shared = {name: value for name in names if (value := getattr(request, name)) is not None}
    length = request.max_tokens or _LENGTH
    shared |= {"model": request.model, "max_tokens": length}
    if request.stream:
        shared |= {"stream": True, "stream_options": {"include_usage": True}}
    asked: list[Asked] = []
    for prompt in request.prompts:
        body = shared | {"prompt": prompt}
        size = len(prompt.encode())
        # A token is a byte at least, but for the one that some models begin every text with.
        worst = Quantities(input_tokens=request.choices * (size + 1), output_tokens=request.choices * length)
        stream = bool(request.stream)
        asked.append(Asked(model=request.model, path=_PATH, body=body, size=size, stream=stream, worst=worst))
    return asked


class Choice(Struct):
    """How a prompt goes on, or a piece of it."""

    text: str = ""
    index: int = 0
    finish_reason: str | None = None


_CHOICES: Final = msgspec.json.Decoder(list[Choice])


def choices_of(chunks: Sequence[bytes]) -> list[Choice]:
    """Return what an engine says of its choices; what else it says of them is its own."""
    return [choice for chunk in chunks for choice in _CHOICES.decode(chunk)]


class _Whole:
    """Keeps the choices of every prompt until the end, and answers once."""

    def __init__(self, call: Call, request: TextRequest) -> None:
        self._call = call
        self._request = request
        self._begun: Begun | None = None
        self._answers: list[list[Choice]] = []
        self._used = Usage()

    async def tell(self, event: Event) -> None:
        """Take an event; the last one of the last prompt sends the answer."""
        if isinstance(event, Begun):
            self._begun = self._begun or event
        elif isinstance(event, Done):
            self._used += event.usage
            begun = self._begun
            if begun is not None and len(self._answers) == len(self._request.prompts):
                body = text_completion(begun, self._request, self._answers, self._used)
                await self._call.answer(200, body, headers_of(begun))

    def pass_on(self, chunks: Sequence[bytes]) -> None:
        """Take how a prompt goes on."""
        self._answers.append(choices_of(chunks))


class _Stream:
    """Sends each piece as it comes, of one prompt after another."""

    def __init__(self, call: Call, request: TextRequest) -> None:
        self._call = call
        self._request = request
        self._stream: TextStream | None = None

    async def tell(self, event: Event) -> None:
        """Take an event and send what it adds."""
        if self._stream is None:
            assert isinstance(event, Begun)  # noqa: S101 - every completion begins
            self._stream = TextStream(event, self._request)
            await self._call.begin_stream(headers_of(event))
        elif isinstance(event, Done):
            last = self._stream.end(event)
            await (self._call.end(last) if self._stream.is_over else self._call.send(last))

    def pass_on(self, chunks: Sequence[bytes]) -> Waits | None:
        """Send a piece."""
        assert self._stream is not None  # noqa: S101 - every completion begins
        return self._call.put(self._stream.of(chunks))


def text_completion(begun: Begun, request: TextRequest, answers: Sequence[Sequence[Choice]], used: Usage) -> bytes:
    """Return the answer to a request that is not streamed; `answers` are in the order of the prompts."""
    choices = [
        _choice(at * request.choices + choice.index, choice.text, choice.finish_reason or "stop")
        for at, answer in enumerate(answers)
        for choice in answer
    ]
    return encode(_head(begun) | {"choices": choices, "usage": usage_json(used)})


class TextStream:
    """Turns the pieces of one prompt after another into the bytes of a stream."""

    def __init__(self, begun: Begun, request: TextRequest) -> None:
        self._head = _head(begun)
        self._request = request
        self._answered = 0
        self._used = Usage()

    @property
    def is_over(self) -> bool:
        """Whether every prompt has been gone on with."""
        return self._answered == len(self._request.prompts)

    def of(self, chunks: Sequence[bytes]) -> bytes:
        """Return what a piece adds to the stream."""
        first = self._answered * self._request.choices
        usage = {"usage": None} if self._request.includes_usage else {}
        return b"".join(
            _line(self._head | {"choices": [_choice(first + said.index, said.text, said.finish_reason)]} | usage)
            for said in choices_of(chunks)
        )

    def end(self, done: Done) -> bytes:
        """Return what the end of a prompt adds to the stream: something only if it was the last."""
        self._answered += 1
        self._used += done.usage
        if not self.is_over:
            return b""
        used = {"choices": list[object](), "usage": usage_json(self._used)}
        told = _line(self._head | used) if self._request.includes_usage else b""
        return told + b"data: [DONE]\n\n"


def _head(begun: Begun) -> dict[str, Any]:
    created = int(begun.created.timestamp())
    return {"id": f"cmpl-{begun.stem}", "object": "text_completion", "created": created, "model": begun.model}


def _choice(at: int, text: str, reason: str | None) -> dict[str, Any]:
    return {"index": at, "text": text, "logprobs": None, "finish_reason": reason}


def _line(content: dict[str, Any]) -> bytes:
    return b"data: %b\n\n" % encode(content)
