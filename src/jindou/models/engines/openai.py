"""Any server of OpenAI's API as an engine: vLLM, SGLang, Model Studio, another Jindou."""

import importlib
import threading
import time
from collections.abc import Generator, Mapping
from typing import Any, Final, Literal, cast

from typing_extensions import override

from jindou.errors import Invalid
from jindou.models.engines.types import (
    CallChunk,
    Chunk,
    Engine,
    EngineConfig,
    EngineHealth,
    EngineRequest,
    EngineState,
    FinalChunk,
    ReasoningChunk,
    TextChunk,
    Usage,
)
from jindou.models.upstreams import Answered, Endpoint, EngineDied, EngineUnavailable, translated

__all__ = ["OpenAIEngine"]

_HEALTH_SECONDS: Final = 15.0
_CREDENTIAL: Final = (401, 403)
_BROKEN: Final = 500
_LEAST_ERROR: Final = 400
_MOST_ERROR: Final = 600
_ENDS: Final[Mapping[str, Literal["stop", "length", "calls"]]] = {
    "length": "length",
    "tool_calls": "calls",
    "function_call": "calls",
}


Events = Generator[dict[str, Any] | None, None, None]


class OpenAIEngine(Engine):
    """One model at one server. The key goes into the request and nowhere else."""

    def __init__(self, config: EngineConfig) -> None:
        if config.endpoint is None:
            raise Invalid("The engine `openai` needs an endpoint.", field="endpoint", rule="given")
        self._name = config.model_name
        self._endpoint = config.endpoint
        self._lock = threading.Lock()
        # Nothing has to be started, so it can be asked at once; `start` and `health` look whether it answers.
        self._state: EngineState = "starting"
        self._looked_at = -_HEALTH_SECONDS
        self._is_looking = False

    @override
    def start(self) -> None:
        with self._lock:
            if self._state == "ready":
                return
        if not self._look():
            raise EngineUnavailable(
                f"{self._endpoint.upstream.url} does not answer, or does not accept {self._endpoint.credential}."
            )

    @override
    def stop(self) -> None:
        with self._lock:
            self._state = "stopped"

    @override
    def health(self) -> EngineHealth:
        """Return how it was within the last 15 seconds; an older finding is renewed meanwhile."""
        with self._lock:
            is_old = time.monotonic() - self._looked_at > _HEALTH_SECONDS
            look = self._state != "stopped" and is_old and not self._is_looking
            self._is_looking = self._is_looking or look
        if look:
            threading.Thread(target=self._look, name="engine-health", daemon=True).start()
        return EngineHealth(state=self._state, model=self._name)

    @override
    def stream(self, request: EngineRequest) -> Generator[Chunk, None, None]:
        if self._state == "stopped":
            raise EngineUnavailable(f"The engine for {self._name} is stopped.")
        reading = _Reading(self._endpoint)
        events: Events = _wire().stream_events(self._endpoint, _body(self._endpoint, request))
        try:
            for event in events:
                yield from reading.read(event)
            yield reading.end()
        except Answered as error:
            raise translated(error, self._endpoint.upstream, self._endpoint.model, self._endpoint.credential) from None
        except ConnectionRefusedError:
            self._note("unreachable")
            raise EngineUnavailable(f"{self._endpoint.upstream.url} can't be reached.") from None
        except (AttributeError, KeyError, TypeError, ValueError):
            raise EngineDied(f"{self._endpoint.upstream.url} answered something that can't be read.") from None
        except OSError as error:
            # It was asked, and may have read and written whatever it did not come to say.
            raise EngineDied(f"{self._endpoint.upstream.url} left in the middle of an answer ({error}).") from None
        finally:
            events.close()

    def _look(self) -> bool:
        """Say whether it answers. A server without a list of models is as good as any; one that refuses us is none."""
        try:
            status: int = _wire().get_models(self._endpoint)
        except OSError:
            status = _BROKEN
        is_ready = status not in _CREDENTIAL and status < _BROKEN
        self._note("ready" if is_ready else "unreachable", started=True)
        return is_ready

    def _note(self, state: EngineState, *, started: bool = False) -> None:
        with self._lock:
            self._is_looking = False
            self._looked_at = time.monotonic()
            if self._state != "stopped" or (started and state == "ready"):
                self._state = state


def _wire() -> Any:
    """Return what speaks HTTP. Its client is loaded by the thread that asks a server, and not where one is chosen."""
    return importlib.import_module("jindou.models.engines.openai_wire")


class _Reading:
    """What has come of one answer, and how long nothing has."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._heard_at = time.monotonic()
        self._reason = ""
        self._usage: Usage | None = None
        self.began = False

    def read(self, event: dict[str, Any] | None) -> Generator[Chunk, None, None]:
        """Yield what an event says; without one, a sign of life.

        Raises:
            EngineDied: the first token, or a later one, did not come in time.
            Answered: it is an error.
        """
        if event is None:
            self._require_life()
            yield TextChunk("")
            return
        if event.get("error"):
            raise Answered(_status_in(event["error"]), {}, event)
        if isinstance(event.get("usage"), dict):
            self._usage = _usage(event["usage"])
        choices: list[dict[str, Any]] = event.get("choices") or []
        for choice in choices:
            self._reason = choice.get("finish_reason") or self._reason
            for chunk in _chunks(choice.get("delta") or {}):
                self.began = True
                self._heard_at = time.monotonic()
                yield chunk

    def end(self) -> FinalChunk:
        """Return the last chunk.

        Raises:
            EngineDied: it ended without saying why, or what it used: nobody could bill that.
        """
        if not self._reason or self._usage is None:
            what = "why it ended" if not self._reason else "how many tokens it used"
            raise EngineDied(f"{self._endpoint.upstream.url} did not say {what}.")
        return FinalChunk(_ENDS.get(self._reason, "stop"), self._usage)

    def _require_life(self) -> None:
        silent = time.monotonic() - self._heard_at
        if not self.began and silent > self._endpoint.first_token_seconds:
            raise EngineDied(
                f"{self._endpoint.upstream.url} wrote nothing in {self._endpoint.first_token_seconds:g} s."
            )
        if self.began and silent > self._endpoint.idle_seconds:
            raise EngineDied(f"{self._endpoint.upstream.url} wrote nothing more for {self._endpoint.idle_seconds:g} s.")


def _usage(told: Mapping[str, Any]) -> Usage:
    """Return what ``usage`` in OpenAI's form says."""
    prompt: dict[str, Any] = told.get("prompt_tokens_details") or {}
    completion: dict[str, Any] = told.get("completion_tokens_details") or {}
    found = Usage(
        prompt=int(told.get("prompt_tokens") or 0),
        cached=int(prompt.get("cached_tokens") or 0),
        completion=int(told.get("completion_tokens") or 0),
        reasoning=int(completion.get("reasoning_tokens") or 0),
    )
    if not found.is_possible:
        raise ValueError(found)
    return found


def _chunks(delta: Mapping[str, Any]) -> Generator[Chunk, None, None]:
    thought = delta.get("reasoning_content") or delta.get("reasoning")
    if isinstance(thought, str) and thought:
        yield ReasoningChunk(thought)
    if delta.get("content"):
        yield TextChunk(str(delta["content"]))
    calls: list[dict[str, Any]] = delta.get("tool_calls") or []
    for call in calls:
        function: dict[str, Any] = call.get("function") or {}
        yield CallChunk(
            int(call.get("index") or 0),
            str(call.get("id") or ""),
            str(function.get("name") or ""),
            str(function.get("arguments") or ""),
        )


def _body(endpoint: Endpoint, request: EngineRequest) -> dict[str, object]:
    body: dict[str, object] = {
        "model": endpoint.model,
        "messages": [dict(message) for message in request.messages],
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "seed": request.seed,
        "stream": True,
        "stream_options": {"include_usage": True},
        **request.sampling,
    }
    if request.stop:
        body["stop"] = list(request.stop)
    if request.tools:
        body["tools"] = [dict(tool) for tool in request.tools]
        body["tool_choice"] = _choice(request.tool_choice)
    if request.json_schema is not None:
        named = {"name": "output", "schema": dict(request.json_schema), "strict": True}
        body["response_format"] = {"type": "json_schema", "json_schema": named}
    return body


def _status_in(error: Any) -> int:
    """Return the status that an error in the middle of a stream stands for; there it is a matter of taste."""
    code = cast("dict[str, Any]", error).get("code") if isinstance(error, dict) else None
    return code if isinstance(code, int) and _LEAST_ERROR <= code < _MOST_ERROR else _BROKEN


def _choice(choice: str) -> object:
    named = choice.removeprefix("=")
    return choice if named == choice else {"type": "function", "function": {"name": named}}
