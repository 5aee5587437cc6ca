"""An engine that writes what it is given."""

import json
import math
from collections.abc import Generator

from jindou.models.engines import Chunk, EngineHealth, EngineRequest, FinalChunk, TextChunk, Usage


class Writer:
    """An engine that writes what it is given, one output a request, in pieces of `size` characters.

    With `sure`, and `later_sure` after the first request, it tells where it is asked the logarithm of how likely each
    piece was, and how likely a call was to begin in its place.
    """

    def __init__(
        self,
        *outputs: str,
        size: int = 3,
        cut: bool = False,
        sure: tuple[float, float] | None = None,
        later_sure: tuple[float, float] | None = None,
    ) -> None:
        self.outputs = list(outputs)
        self.requests: list[EngineRequest] = []
        self.closed = 0
        self._size = size
        self._cut = cut
        self._sure, self._later_sure = sure, later_sure or sure

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def health(self) -> EngineHealth:
        return EngineHealth("ready", "writer")

    def stream(self, request: EngineRequest) -> Generator[Chunk, None, None]:
        self.requests.append(request)
        text = self.outputs.pop(0)
        try:
            for at in range(0, len(text), self._size):
                yield TextChunk(text[at : at + self._size], self._tokens(text[at : at + self._size], request))
            yield FinalChunk("length" if self._cut else "stop", Usage(100, 40, 10))
        finally:
            self.closed += 1

    def _tokens(self, piece: str, request: EngineRequest) -> tuple[tuple[tuple[str, float], ...], ...]:
        sure = self._sure if len(self.requests) == 1 else self._later_sure
        if sure is None or not request.top_logprobs:
            return ()
        chance, call = sure
        return (((piece, chance), ("{", math.log(call)), ("I", math.log(1 - call))),)


def written(name: str, **arguments: object) -> str:
    return json.dumps({"name": name, "arguments": arguments})
