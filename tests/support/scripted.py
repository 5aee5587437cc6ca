"""An engine that says what a script tells it to: the only thing of the platform that tests replace."""

import json
from collections.abc import Callable, Generator, Sequence

from jindou.models.engines import Chunk, EngineHealth, EngineRequest, FinalChunk, TextChunk, Usage

__all__ = ["Script", "ScriptedEngine", "call", "refund_script"]

Script = Callable[[Sequence[dict[str, object]]], str]
"""From the messages that the model is shown to what it writes."""


class ScriptedEngine:
    """Writes what `script` makes of the messages, in small pieces, at once."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self.requests: list[EngineRequest] = []

    def start(self) -> None:
        """Nothing to start."""

    def stop(self) -> None:
        """Nothing to stop."""

    def health(self) -> EngineHealth:
        """Always ready."""
        return EngineHealth(state="ready", model="scripted")

    def stream(self, request: EngineRequest) -> Generator[Chunk, None, None]:
        """Yield the text in pieces of 8 characters."""
        self.requests.append(request)
        text = self._script([dict(message) for message in request.messages])
        for at in range(0, len(text), 8):
            yield TextChunk(text[at : at + 8])
        prompt = sum(len(str(message.get("content"))) for message in request.messages)
        yield FinalChunk("stop", Usage(prompt=prompt, cached=prompt // 2, completion=len(text) // 4))


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
