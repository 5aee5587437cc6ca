"""An engine that is loaded when somebody asks it."""

import threading
from collections.abc import Callable, Generator

from typing_extensions import override

from jindou.models.engines import Chunk, Engine, EngineHealth, EngineRequest, WaitingChunk

__all__ = ["OnDemand"]

_TICK = 0.25
_LOAD_SECONDS = 180.0


class OnDemand(Engine):
    """A model that may be at work or not: `load` sees to it, and returns its engine."""

    def __init__(self, model: str, load: Callable[[float], Engine], now: Callable[[], Engine | None]) -> None:
        self._model = model
        self._load = load
        self._now = now

    @override
    def start(self) -> None:
        self._load(_LOAD_SECONDS)

    @override
    def stop(self) -> None:
        """Leave that to whoever looks after the memory."""

    @override
    def health(self) -> EngineHealth:
        engine = self._now()
        return engine.health() if engine is not None else EngineHealth(state="stopped", model=self._model)

    @override
    def stream(self, request: EngineRequest) -> Generator[Chunk, None, None]:
        engine = self._now()
        if engine is None:
            engine = yield from self._loaded()
        yield from engine.stream(request)

    def _loaded(self) -> Generator[Chunk, None, Engine]:
        """Load it in another thread, with signs of life in this one."""
        found: list[Engine | Exception] = []

        def load() -> None:
            try:
                found.append(self._load(_LOAD_SECONDS))
            except Exception as error:  # noqa: BLE001 - it is raised where somebody waits for it
                found.append(error)

        thread = threading.Thread(target=load, name="engine-load", daemon=True)
        thread.start()
        while thread.is_alive():
            thread.join(_TICK)
            yield WaitingChunk()
        if isinstance(found[0], Exception):
            raise found[0]
        return found[0]
