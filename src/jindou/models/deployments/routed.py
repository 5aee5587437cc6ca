"""A deployment as one engine."""

from collections.abc import Callable, Collection, Generator
from contextlib import closing
from dataclasses import replace

from typing_extensions import override

from jindou.errors import JindouError, Limited, Unavailable
from jindou.models.deployments.picked import Picked
from jindou.models.engines import Chunk, Engine, EngineHealth, EngineRequest, FinalChunk, TextChunk
from jindou.models.upstreams import EngineDied

__all__ = ["RoutedEngine"]

Pick = Callable[[int, Collection[str]], Picked]


class RoutedEngine(Engine):
    """Falls back to the next engine as long as nothing has been written, and says in the end which one answered."""

    def __init__(self, pick: Pick, first: Callable[[], Engine]) -> None:
        self._pick = pick
        self._first = first

    @override
    def start(self) -> None:
        self._first().start()

    @override
    def stop(self) -> None:
        """Its engines are not its own."""

    @override
    def health(self) -> EngineHealth:
        return self._first().health()

    @override
    def stream(self, request: EngineRequest) -> Generator[Chunk, None, None]:
        tried: list[str] = []
        failure: JindouError | None = None
        while True:
            try:
                picked = self._pick(request.prefix, tried)
            except (Limited, Unavailable):
                if failure is not None:
                    raise failure from None
                raise
            with picked:
                attempt = _Attempt(picked)
                try:
                    with closing(attempt.stream(request)) as chunks:
                        yield from chunks
                except (Limited, Unavailable) as error:
                    # Of one that died nobody knows what it used: another call asks the next one.
                    if attempt.wrote or isinstance(error, EngineDied):
                        raise
                    failure = error
                    tried.append(picked.engine_id)
                else:
                    return


class _Attempt:
    def __init__(self, picked: Picked) -> None:
        self._picked = picked
        self.wrote = False

    def stream(self, request: EngineRequest) -> Generator[Chunk, None, None]:
        stream = self._picked.engine.stream(request)
        try:
            for chunk in stream:
                if isinstance(chunk, FinalChunk):
                    self._picked.succeeded()
                    yield replace(chunk, engine=self._picked.engine_id, sku=self._picked.sku)
                    return
                self.wrote = self.wrote or not isinstance(chunk, TextChunk) or bool(chunk.text)
                yield chunk
        except JindouError as error:
            self._picked.failed(error)
            raise
        finally:
            stream.close()
