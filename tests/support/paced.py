"""A scripted engine that waits in the middle, or dies there, and remembers what it said it had used."""

import threading
from collections.abc import Generator

from typing_extensions import override

from jindou.models.engines import Chunk, EngineRequest, FinalChunk, TextChunk, Usage
from jindou.models.upstreams import EngineDied
from support.scripted import Script, ScriptedEngine

__all__ = ["PacedEngine"]


class PacedEngine(ScriptedEngine):
    """Before piece `hold_at` it waits for `go`, giving signs of life; before piece `die_at` it dies.

    A `refusal` is raised before anything is written.
    """

    def __init__(self, script: Script, *, hold_at: int = -1, die_at: int = -1) -> None:
        super().__init__(script)
        self.hold_at = hold_at
        self.die_at = die_at
        self.refusal: Exception | None = None
        self.go = threading.Event()
        self.told = Usage()
        self._lock = threading.Lock()

    @override
    def stream(self, request: EngineRequest) -> Generator[Chunk, None, None]:
        if request.max_tokens == 1:
            # The warm-up at the start is nobody's.
            yield FinalChunk("stop", Usage())
            return
        if self.refusal is not None:
            raise self.refusal
        for at, chunk in enumerate(super().stream(request)):
            if at == self.die_at:
                raise EngineDied("The engine ended in the middle of an answer; it is being restarted.")
            while at == self.hold_at and not self.go.wait(0.02):
                yield TextChunk("")
            if isinstance(chunk, FinalChunk):
                with self._lock:
                    self.told += chunk.usage
            yield chunk
