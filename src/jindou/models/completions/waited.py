"""An engine that somebody waits for: when they leave, it is given a while for its figures, and then broken off."""

import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import replace

from typing_extensions import override

from jindou.models.engines import Chunk, Engine, EngineRequest, WaitingChunk
from jindou.models.gateway import Counted, Stopped

__all__ = ["Waited"]


class Waited(Counted):
    """Passes requests on to `engine` with its `sampling` in them, and adds up what their ends say.

    `is_left` says whether nobody waits any more. Then no further request is begun, one that no engine has heard of yet
    is given up, and one under way is read to its end, for its figures; after `drain_seconds`, or once `must_end` says
    so, it is broken off without them.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        is_left: Callable[[], bool],
        must_end: Callable[[], bool],
        drain_seconds: float,
    ) -> None:
        super().__init__(engine)
        self.sampling: Mapping[str, float] = {}
        self._is_left = is_left
        self._must_end = must_end
        self._drain_seconds = drain_seconds
        self._left_at: float | None = None

    @override
    def stream(self, request: EngineRequest) -> Generator[Chunk, None, None]:
        if self._is_left() or self._must_end():
            raise Stopped("Nobody waits for this completion any more.")
        stream = super().stream(replace(request, sampling=self.sampling))
        try:
            for chunk in stream:
                yield chunk
                self._give_up_in_time(is_waiting=isinstance(chunk, WaitingChunk))
        finally:
            stream.close()

    def _give_up_in_time(self, *, is_waiting: bool) -> None:
        if self._must_end():
            raise Stopped("The server stops.")
        if self._left_at is None and self._is_left():
            self._left_at = time.monotonic()
        if self._left_at is not None and is_waiting:
            raise Stopped("Nobody waits for this completion any more, and no engine has heard of it.")
        if self._left_at is not None and time.monotonic() - self._left_at > self._drain_seconds:
            raise Stopped("Nobody waits for this completion, and its end did not come in time.")
