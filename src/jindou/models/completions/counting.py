"""An engine that counts: what was used is known from its own figures, or known to be unknown."""

import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import replace

from typing_extensions import override

from jindou.errors import JindouError
from jindou.models.engines import Chunk, Engine, EngineHealth, EngineRequest, FinalChunk, TextChunk, Usage
from jindou.models.gateway import Stopped
from jindou.models.upstreams import EngineDied

__all__ = ["CountingEngine"]


class CountingEngine(Engine):
    """Passes requests on to `engine` with `sampling` in them, and adds up what their ends say.

    `is_left` says whether nobody waits any more. Then no further request is begun, and the one under way is read to
    its end, for its figures; after `drain_seconds`, or once `must_end` says so, it is broken off without them.
    """

    def __init__(
        self,
        engine: Engine,
        sampling: Mapping[str, float],
        *,
        is_left: Callable[[], bool],
        must_end: Callable[[], bool],
        drain_seconds: float,
    ) -> None:
        self._engine = engine
        self._sampling = sampling
        self._is_left = is_left
        self._must_end = must_end
        self._drain_seconds = drain_seconds
        self._left_at: float | None = None
        self.used = Usage()
        self.is_known = True
        """Whether `used` is everything: false from the moment a request is sent until its figures are there."""

    @override
    def start(self) -> None:
        self._engine.start()

    @override
    def stop(self) -> None:
        self._engine.stop()

    @override
    def health(self) -> EngineHealth:
        return self._engine.health()

    @override
    def stream(self, request: EngineRequest) -> Generator[Chunk, None, None]:
        if self._is_left() or self._must_end():
            raise Stopped("Nobody waits for this completion any more.")
        wrote = False
        self.is_known = False
        stream = self._engine.stream(replace(request, sampling=self._sampling))
        try:
            for chunk in stream:
                if isinstance(chunk, FinalChunk):
                    self.used += chunk.usage
                    self.is_known = True
                elif not isinstance(chunk, TextChunk) or chunk.text:
                    wrote = True
                yield chunk
                self._give_up_in_time()
        except EngineDied:
            raise
        except JindouError as error:
            # It said no before it wrote anything, so there is nothing to count.
            self.is_known = self.is_known or (not wrote and not isinstance(error, Stopped))
            raise
        finally:
            stream.close()

    def _give_up_in_time(self) -> None:
        if self._must_end():
            raise Stopped("The server stops.")
        if self._left_at is None and self._is_left():
            self._left_at = time.monotonic()
        if self._left_at is not None and time.monotonic() - self._left_at > self._drain_seconds:
            raise Stopped("Nobody waits for this completion, and its end did not come in time.")
