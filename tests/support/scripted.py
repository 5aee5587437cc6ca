"""An engine that says what a script tells it to: the only thing of the platform that tests replace."""

import json
from collections.abc import Callable, Generator, Sequence

from jindou.models.engines import Chunk, EngineHealth, EngineRequest, FinalChunk, TextChunk, Usage
from jindou.models.upstreams import ContextOverflow, EngineUnavailable

__all__ = ["Script", "ScriptedEngine", "call", "refund_script"]

Script = Callable[[Sequence[dict[str, object]]], str]
"""From the messages that the model is shown to what it writes."""


_PIECE = 8
_TOKEN = 4
_CONTEXT = 32_768


class ScriptedEngine:
    """Writes what `script` makes of the messages, in small pieces, at once. Four letters are a token."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._is_stopped = False
        self.requests: list[EngineRequest] = []

    def start(self) -> None:
        """Answer again."""
        self._is_stopped = False

    def stop(self) -> None:
        """Answer no more."""
        self._is_stopped = True

    def health(self) -> EngineHealth:
        """Ready, unless it was stopped."""
        return EngineHealth(state="stopped" if self._is_stopped else "ready", model="scripted")

    def stream(self, request: EngineRequest) -> Generator[Chunk, None, None]:
        """Yield the text in pieces of 8 letters."""
        if self._is_stopped:
            raise EngineUnavailable("The scripted engine is stopped.")
        self.requests.append(request)
        prompt = sum(len(str(message.get("content"))) for message in request.messages)
        if prompt // _TOKEN > _CONTEXT:
            raise ContextOverflow(prompt // _TOKEN, _CONTEXT)
        written = self._script([dict(message) for message in request.messages])
        for stop in request.stop:
            written = written.partition(stop)[0]
        text = written[: request.max_tokens * _TOKEN]
        for at in range(0, len(text), _PIECE):
            yield TextChunk(text[at : at + _PIECE])
        usage = Usage(prompt=prompt, cached=prompt // 2, completion=len(text) // _TOKEN)
        yield FinalChunk("stop" if text == written else "length", usage)


def call(name: str, **arguments: object) -> str:
    """Return a call as a Coder model writes it."""
    return "```json\n" + json.dumps({"name": name, "arguments": arguments}) + "\n```"


def refund_script(order: str, amount: float) -> Script:
    """Refund once, then say so."""

    def script(messages: Sequence[dict[str, object]]) -> str:
        if any(message["role"] == "tool" for message in messages):
            return f"Refunded {amount:.2f} on {order}."
        return call("refund_order", order_id=order, amount=amount, reason="broken lamp")

    return script
