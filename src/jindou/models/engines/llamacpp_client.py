"""Requests to a llama.cpp server, wherever its process is looked after."""

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from jindou.models.engines.slots import Slots
from jindou.models.engines.types import Chunk, EngineRequest, FinalChunk, TextChunk, Usage, WaitingChunk
from jindou.models.engines.wire import Address, Refused, post, stream_events
from jindou.models.upstreams import ContextOverflow, EngineDied, EngineRefused, EngineUnavailable
from jindou.plain_json import unmarked

__all__ = ["LlamaCppClient", "rendered"]

_RECOVER_SECONDS: Final = 60.0
_TICK: Final = 0.25
_STALL_SECONDS: Final = 120.0
"""An engine at work says something with every batch of the prompt and every token; one that says nothing hangs."""
_CALLERS_FAULT: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class LlamaCppClient:
    """A server that comes and goes: `wait` gives its address within some seconds, or None.

    `is_stopped` says that it will not come back by itself, and `on_stall` hears of it when it hangs.
    """

    model_name: str
    wait: Callable[[float], Address | None]
    is_stopped: Callable[[], bool]
    on_stall: Callable[[], None]
    slots: Slots | None

    def stream(self, request: EngineRequest) -> Generator[Chunk, None, None]:
        """Do as `Engine.stream` says."""
        try:
            address, prompt = yield from self._begin(request)
            yield from self._complete(address, prompt, request)
        except Refused as error:
            raise _translated(error) from error
        except _Stalled as error:
            self.on_stall()
            raise EngineDied(f"The engine said nothing for {_STALL_SECONDS:.0f} s; it is being restarted.") from error
        except OSError as error:
            raise EngineDied("The engine ended in the middle of an answer; it is being restarted.") from error

    def _begin(self, request: EngineRequest) -> Generator[Chunk, None, tuple[Address, str]]:
        """Return where to send the request, and its prompt; nothing is lost yet if the child is just being replaced."""
        for _ in range(int(_RECOVER_SECONDS / _TICK)):
            address = self.wait(_TICK)
            if address is not None:
                try:
                    return address, rendered(address, request.messages, request.tools)
                except OSError:
                    # It has ended, and its supervisor has not heard of it yet.
                    time.sleep(_TICK)
            elif self.is_stopped():
                break
            yield WaitingChunk()
        raise EngineUnavailable(f"The engine for {self.model_name} is not running: see `jindou doctor`.")

    def _complete(self, address: Address, prompt: str, request: EngineRequest) -> Generator[Chunk, None, None]:
        prefix = request.prefix
        slot = self.slots.take(address, prefix) if self.slots else None
        cached: int | None = None
        try:
            for chunk in _events(address, prompt, request, slot):
                if isinstance(chunk, FinalChunk):
                    cached = chunk.usage.cached
                    if self.slots:
                        self.slots.learn(address, prefix, request.messages, request.tools, request.shared)
                yield chunk
        finally:
            if self.slots and slot is not None:
                self.slots.leave(address, prefix, slot, cached)


class _Stalled(Exception):
    pass


def rendered(address: Address, messages: Sequence[Any], tools: Sequence[object]) -> str:
    """Return the prompt, in the form that the model was trained on.

    Raises:
        Refused: the server can't make one of this.
        OSError: it does not answer.
    """
    # A model that can think aloud would have to be asked what it thinks, too: what is wanted of it here has a form.
    body = {"messages": unmarked(messages), "tools": list(tools), "chat_template_kwargs": {"enable_thinking": False}}
    prompt: str = post(address, "/apply-template", body)["prompt"]
    return prompt


def _events(address: Address, prompt: str, request: EngineRequest, slot: int | None) -> Generator[Chunk, None, None]:
    events = stream_events(address, "/completion", _completion_body(prompt, request, slot), tick=_TICK)
    silent = 0.0
    try:
        for event in events:
            silent = silent + _TICK if event is None else 0.0
            if silent > _STALL_SECONDS:
                raise _Stalled
            if event is None:
                yield TextChunk("")
            elif "error" in event:
                raise Refused(int(event["error"].get("code", 500)), event["error"])
            elif event.get("stop"):
                yield TextChunk(event.get("content", ""), _tokens(event))
                yield _final(event)
                return
            else:
                yield TextChunk(event.get("content", ""), _tokens(event))
    finally:
        events.close()
    raise ConnectionError("the stream ended before its last event")


def _completion_body(prompt: str, request: EngineRequest, slot: int | None) -> dict[str, object]:
    body: dict[str, object] = {
        "prompt": prompt,
        "stream": True,
        "return_progress": True,
        "cache_prompt": True,
        "n_predict": request.max_tokens,
        "temperature": request.temperature,
        "seed": request.seed,
        "stop": list(request.stop),
    }
    body |= request.sampling
    if request.json_schema is not None:
        body["json_schema"] = dict(request.json_schema)
    if request.top_logprobs:
        body["n_probs"] = request.top_logprobs
    if slot is not None:
        body["id_slot"] = slot
    return body


def _tokens(event: Mapping[str, Any]) -> tuple[tuple[tuple[str, float], ...], ...]:
    written: list[dict[str, Any]] = event.get("completion_probabilities") or []
    return tuple(
        tuple((choice["token"], choice["logprob"]) for choice in (token, *token["top_logprobs"])) for token in written
    )


def _final(event: Mapping[str, Any]) -> FinalChunk:
    timings = event.get("timings", {})
    usage = Usage(
        prompt=int(event.get("tokens_evaluated", 0)),
        cached=int(timings.get("cache_n", 0)),
        completion=int(event.get("tokens_predicted", 0)),
    )
    return FinalChunk("length" if event.get("stop_type") == "limit" else "stop", usage)


def _translated(error: Refused) -> Exception:
    if error.detail.get("type") == "exceed_context_size_error":
        return ContextOverflow(int(error.detail["n_prompt_tokens"]), int(error.detail["n_ctx"]))
    if error.status == _CALLERS_FAULT:
        return EngineRefused(f"The engine can't do this: {error.detail.get('message', 'no reason given')}")
    return EngineUnavailable(f"The engine refused the request: {error.detail.get('message', error.status)}")
