"""An engine with a small context, which counts its tokens: it says what a script says, or takes notes."""

from collections.abc import Generator, Sequence

from typing_extensions import override

from jindou.models.engines import Chunk, EngineRequest, FinalChunk, TextChunk, Usage
from jindou.models.upstreams import ContextOverflow
from support.scripted import Script, ScriptedEngine

__all__ = ["NOTED", "NarrowEngine", "takes_notes"]

NOTED = "The lamp was spoken of at length."


def takes_notes(messages: Sequence[dict[str, object]]) -> bool:
    """Return whether these messages ask for a summary of the past."""
    return str(messages[0]["content"]).startswith("You take notes")


class NarrowEngine(ScriptedEngine):
    """Has a context of `context` tokens, of `bytes_a_token` bytes each; its notes are `noted`."""

    def __init__(self, script: Script, context: int, bytes_a_token: int = 4, noted: str = NOTED) -> None:
        super().__init__(lambda messages: noted if takes_notes(messages) else script(messages))
        self._context = context
        self._bytes_a_token = bytes_a_token

    @property
    def asked(self) -> list[list[dict[str, object]]]:
        """What it was asked to say, without what it was asked to take notes of."""
        prompts = [[dict(message) for message in request.messages] for request in self.requests]
        return [messages for messages in prompts if not takes_notes(messages)]

    @property
    def noted(self) -> list[str]:
        """What it was asked to take notes of."""
        prompts = [[dict(message) for message in request.messages] for request in self.requests]
        return [str(messages[1]["content"]) for messages in prompts if takes_notes(messages)]

    @override
    def stream(self, request: EngineRequest) -> Generator[Chunk, None, None]:
        size = sum(len(str(message.get("content")).encode()) for message in request.messages)
        prompt = size // self._bytes_a_token
        if prompt > self._context:
            raise ContextOverflow(prompt, self._context)
        for chunk in super().stream(request):
            if isinstance(chunk, TextChunk):
                yield chunk
            elif isinstance(chunk, FinalChunk):
                yield FinalChunk(chunk.finish_reason, Usage(prompt=prompt, completion=chunk.usage.completion))
