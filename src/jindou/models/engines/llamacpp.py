"""llama.cpp in a child process, reached over loopback with a key that only the two know."""

import os
import secrets
import time
from collections.abc import Generator, Mapping
from typing import Any, ClassVar, Final

from typing_extensions import override

from jindou.models.engines.failures import ContextOverflow, EngineDied, EngineRefused, EngineUnavailable
from jindou.models.engines.supervisor import Supervisor
from jindou.models.engines.types import (
    Chunk,
    Engine,
    EngineConfig,
    EngineHealth,
    EngineRequest,
    FinalChunk,
    TextChunk,
    Usage,
)
from jindou.models.engines.wire import Address, Refused, post, stream_events

__all__ = ["LlamaCppEngine"]

_CHILD: Final = "jindou.models.engines.llamacpp_child"
_START_SECONDS: Final = 180.0
_RECOVER_SECONDS: Final = 60.0
_TICK: Final = 0.25
_STALL_SECONDS: Final = 120.0
"""An engine at work says something with every batch of the prompt and every token; one that says nothing hangs."""
_CALLERS_FAULT: Final = 400


class LlamaCppEngine(Engine):
    """One GGUF file at work on this machine, by the module `child` in a process of its own."""

    child: ClassVar[str] = _CHILD

    def __init__(self, config: EngineConfig) -> None:
        self._config = config
        self._key = secrets.token_urlsafe(32)
        self._supervisor = Supervisor(self.child, self._child_config, config.log_path)

    @override
    def start(self) -> None:
        self._supervisor.start()
        if self._supervisor.wait_first_try(_START_SECONDS) is None:
            self._supervisor.stop()
            raise EngineUnavailable(
                f"The engine did not start with {self._config.model_path.name}: see {self._config.log_path}."
            )

    @override
    def stop(self) -> None:
        self._supervisor.stop()

    @override
    def health(self) -> EngineHealth:
        answer = self._supervisor.answer
        return EngineHealth(
            state=self._supervisor.state,
            model=self._config.model_name,
            pid=self._supervisor.pid,
            port=answer["port"] if answer else None,
            rss_bytes=self._supervisor.rss_bytes(),
            restarts=self._supervisor.restarts,
        )

    @override
    def stream(self, request: EngineRequest) -> Generator[Chunk, None, None]:
        try:
            address, prompt = yield from self._begin(request)
            yield from _complete(address, prompt, request)
        except Refused as error:
            raise _translate(error) from error
        except _Stalled as error:
            self._supervisor.kill()
            raise EngineDied(f"The engine said nothing for {_STALL_SECONDS:.0f} s; it is being restarted.") from error
        except OSError as error:
            raise EngineDied("The engine ended in the middle of an answer; it is being restarted.") from error

    def _begin(self, request: EngineRequest) -> Generator[Chunk, None, tuple[Address, str]]:
        """Return where to send the request, and its prompt; nothing is lost yet if the child is just being replaced."""
        for _ in range(int(_RECOVER_SECONDS / _TICK)):
            answer = self._supervisor.wait_ready(_TICK)
            if answer is not None:
                address = answer["port"], self._key
                try:
                    return address, _rendered(address, request)
                except OSError:
                    # It has ended, and its supervisor has not heard of it yet.
                    time.sleep(_TICK)
            elif self._supervisor.state == "stopped":
                break
            yield TextChunk("")
        raise EngineUnavailable(f"The engine for {self._config.model_name} is not running: see `jindou doctor`.")

    def _child_config(self) -> Mapping[str, object]:
        return {
            "model_path": str(self._config.model_path),
            "key": self._key,
            "slots": self._config.slots,
            "context_tokens": self._config.context_tokens,
            "threads": self._config.threads or os.cpu_count() or 1,
            "batch": self._config.batch,
        }


class _Stalled(Exception):
    pass


def _rendered(address: Address, request: EngineRequest) -> str:
    """Return the prompt, in the form that the model was trained on."""
    messages = [_plain(message) for message in request.messages]
    return post(address, "/apply-template", {"messages": messages, "tools": list(request.tools)})["prompt"]


def _complete(address: Address, prompt: str, request: EngineRequest) -> Generator[Chunk, None, None]:
    events = stream_events(address, "/completion", _completion_body(prompt, request), tick=_TICK)
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
                yield TextChunk(event.get("content", ""))
                yield _final(event)
                return
            else:
                yield TextChunk(event.get("content", ""))
    finally:
        events.close()
    raise ConnectionError("the stream ended before its last event")


def _plain(message: Mapping[str, object]) -> dict[str, object]:
    """Return `message` with the markers of the chat format broken, so that no text can pose as another turn."""
    content = message.get("content")
    return {**message, "content": content.replace("<|", "< |") if isinstance(content, str) else content}


def _completion_body(prompt: str, request: EngineRequest) -> dict[str, object]:
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
    return body


def _final(event: Mapping[str, Any]) -> FinalChunk:
    timings = event.get("timings", {})
    usage = Usage(
        prompt=int(event.get("tokens_evaluated", 0)),
        cached=int(timings.get("cache_n", 0)),
        completion=int(event.get("tokens_predicted", 0)),
    )
    return FinalChunk("length" if event.get("stop_type") == "limit" else "stop", usage)


def _translate(error: Refused) -> Exception:
    if error.detail.get("type") == "exceed_context_size_error":
        return ContextOverflow(int(error.detail["n_prompt_tokens"]), int(error.detail["n_ctx"]))
    if error.status == _CALLERS_FAULT:
        return EngineRefused(f"The engine can't do this: {error.detail.get('message', 'no reason given')}")
    return EngineUnavailable(f"The engine refused the request: {error.detail.get('message', error.status)}")
