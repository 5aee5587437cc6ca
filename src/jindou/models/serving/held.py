"""Engines that somebody gives us, each for one model."""

from collections.abc import Mapping, Sequence

from typing_extensions import override

from jindou.errors import NotFound
from jindou.models.engines import Engine, EngineHealth
from jindou.models.serving.types import LocalEngine, Models, ServerEngine, upstream_of
from jindou.models.upstreams import Upstream

__all__ = ["HeldModels"]


class HeldModels(Models):
    """`engines` by their models, started and stopped together."""

    def __init__(self, engines: Mapping[str, Engine]) -> None:
        self._engines = dict(engines)

    @override
    def start(self) -> None:
        for engine in self._engines.values():
            engine.start()

    @override
    def stop(self) -> None:
        for engine in self._engines.values():
            engine.stop()

    @override
    def find(self, model: str) -> LocalEngine:
        engine = self._engine(model)
        if isinstance(engine, ServerEngine):
            return LocalEngine(model, engine, has_server=True, reuse=engine.slots)
        return LocalEngine(model, engine, has_server=False, reuse=None)

    @override
    def upstream(self, model: str) -> Upstream | None:
        engine = self._engine(model)
        return upstream_of(engine.address()) if isinstance(engine, ServerEngine) else None

    @override
    def load(self, model: str, seconds: float) -> Upstream | None:
        engine = self._engine(model)
        engine.start()
        return upstream_of(engine.address(seconds)) if isinstance(engine, ServerEngine) else None

    @override
    def unload(self, model: str) -> None:
        self._engine(model).stop()

    @override
    def enter(self, model: str) -> None:
        """Nothing is counted: they stay."""

    @override
    def leave(self, model: str) -> None:
        """Nothing is counted: they stay."""

    @override
    def health(self) -> Sequence[EngineHealth]:
        return [engine.health() for engine in self._engines.values()]

    def _engine(self, model: str) -> Engine:
        if model not in self._engines:
            raise NotFound(f"No engine here has the model {model!r}.")
        return self._engines[model]
