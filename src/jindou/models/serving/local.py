"""Several models at once within a budget of memory: loaded when they are asked for, ended when nobody does."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from typing_extensions import override

from jindou.errors import JindouError
from jindou.models.engines import Engine, EngineConfig, EngineHealth
from jindou.models.serving.loading import OnDemand
from jindou.models.serving.opening import open_engine
from jindou.models.serving.types import LocalEngine, Models, ServerEngine, upstream_of
from jindou.models.upstreams import EngineUnavailable, Upstream
from jindou.telemetry import get_logger

__all__ = ["Announce", "LocalModels", "Need"]

_TICK: Final = 0.5
_LOOK_SECONDS: Final = 10.0
_log = get_logger(__name__)

Announce = Callable[[Sequence[Mapping[str, object]]], None]
"""Is told of all engines whenever one of them has changed: name, model, state, port, key, pid."""


@dataclass(frozen=True, slots=True)
class Need:
    """How a model is opened, and the memory that it takes at work."""

    engine: str
    config: EngineConfig
    bytes: int


@dataclass(slots=True)
class _Loaded:
    engine: Engine
    bytes: int
    used_at: float
    mark: int = 0
    is_up: bool = False
    is_released: bool = False
    settled: threading.Event = field(default_factory=threading.Event)
    failure: Exception | None = None


class LocalModels(Models):
    """The models that this process runs. `need_of` raises for one that can't be had."""

    def __init__(
        self,
        need_of: Callable[[str], Need],
        *,
        budget_bytes: int,
        idle_seconds: float,
        kept: str = "",
        announce: Announce = lambda _: None,
    ) -> None:
        self._need_of = need_of
        self._budget_bytes = budget_bytes
        self._idle_seconds = idle_seconds
        self._kept = kept
        self._announce = announce
        self._lock = threading.Lock()
        self._loaded: dict[str, _Loaded] = {}
        self._known: dict[str, tuple[LocalEngine, Engine]] = {}
        self._users: Counter[str] = Counter()
        self._told: list[Mapping[str, object]] | None = None
        self._stopping = threading.Event()
        self._carer: threading.Thread | None = None

    @override
    def start(self) -> None:
        if self._carer is None:
            self._carer = threading.Thread(target=self._care, name="engine-care", daemon=True)
            self._carer.start()

    @override
    def stop(self) -> None:
        self._stopping.set()
        if self._carer is not None:
            self._carer.join(timeout=_LOOK_SECONDS)
        for model, loaded in list(self._loaded.items()):
            self._end(model, loaded)

    @override
    def find(self, model: str) -> LocalEngine:
        with self._lock:
            known = self._known.get(model)
        if known is not None:
            return known[0]
        need = self._need_of(model)
        engine = open_engine(need.engine, need.config)
        on_demand = OnDemand(model, lambda seconds: self._load(model, seconds).engine, lambda: self._now(model))
        reuse = engine.slots if isinstance(engine, ServerEngine) else None
        found = LocalEngine(model, on_demand, isinstance(engine, ServerEngine), reuse, need.config.native_tools)
        with self._lock:
            return self._known.setdefault(model, (found, engine))[0]

    @override
    def upstream(self, model: str) -> Upstream | None:
        engine = self._now(model)
        return upstream_of(engine.address()) if isinstance(engine, ServerEngine) else None

    @override
    def load(self, model: str, seconds: float) -> Upstream | None:
        deadline = time.monotonic() + seconds
        engine = self._load(model, seconds).engine
        if not isinstance(engine, ServerEngine):
            return None
        upstream = upstream_of(engine.address(max(deadline - time.monotonic(), 0.0)))
        if upstream is None:
            raise EngineUnavailable(f"The engine for {model} is being restarted: see `jindou doctor`.")
        return upstream

    @override
    def unload(self, model: str) -> None:
        with self._lock:
            loaded = self._loaded.get(model)
            if loaded is not None:
                loaded.is_released = True
        self._end_released()

    @override
    def enter(self, model: str) -> None:
        with self._lock:
            # Also of one that is not loaded yet: it is for them that it will be.
            self._users[model] += 1
            self._note_use(model)
            if model in self._loaded:
                self._loaded[model].is_released = False

    @override
    def leave(self, model: str) -> None:
        with self._lock:
            self._users[model] = max(self._users[model] - 1, 0)
            self._note_use(model)

    @override
    def health(self) -> Sequence[EngineHealth]:
        with self._lock:
            engines = [loaded.engine for loaded in self._loaded.values()]
        return [engine.health() for engine in engines]

    def _note_use(self, model: str) -> None:
        loaded = self._loaded.get(model)
        if loaded is not None:
            loaded.used_at = time.monotonic()

    def _now(self, model: str) -> Engine | None:
        with self._lock:
            loaded = self._loaded.get(model)
            return loaded.engine if loaded is not None and loaded.is_up else None

    def _load(self, model: str, seconds: float) -> _Loaded:
        """Return a model at work, which this call or another one has loaded."""
        need = self._need_of(model)
        self.find(model)
        idle = self._idle_for(model, need.bytes)
        with self._lock:
            loaded = self._loaded.get(model)
            is_first = loaded is None
            evicted: list[_Loaded] = []
            if loaded is not None:
                loaded.is_released = False
            else:
                evicted = self._make_room(model, need.bytes, idle)
                loaded = self._loaded[model] = _Loaded(self._known[model][1], need.bytes, time.monotonic())
        for old in evicted:
            old.engine.stop()
        if is_first:
            self._bring_up(model, loaded)
        elif not loaded.settled.wait(seconds):
            raise EngineUnavailable(f"{model} is still being loaded after {seconds:.0f} s.")
        if loaded.failure is not None:
            raise EngineUnavailable(str(loaded.failure))
        return loaded

    def _bring_up(self, model: str, loaded: _Loaded) -> None:
        try:
            loaded.engine.start()
            loaded.is_up = True
        except Exception as error:
            loaded.failure = error
            with self._lock:
                self._loaded.pop(model, None)
            raise
        finally:
            loaded.settled.set()
            self._tell()

    def _idle_for(self, model: str, wanted: int) -> set[str]:
        """Return which models have nothing to do, if one has to make room; their servers are asked without the lock."""
        with self._lock:
            has_room = sum(loaded.bytes for loaded in self._loaded.values()) + wanted <= self._budget_bytes
            if has_room or model in self._loaded:
                return set()
            engines = {name: one.engine for name, one in self._loaded.items() if one.is_up and not self._users[name]}
        return {name for name, engine in engines.items() if not _is_at_work(engine)}

    def _make_room(self, model: str, wanted: int, idle: set[str]) -> list[_Loaded]:
        """Take `idle` models off the table, the least recently used first, until `wanted` bytes are free."""
        held = sum(loaded.bytes for loaded in self._loaded.values())
        chosen: list[str] = []
        for name, loaded in sorted(self._loaded.items(), key=lambda item: item[1].used_at):
            if held + wanted <= self._budget_bytes:
                break
            if name in idle and not self._users[name]:
                chosen.append(name)
                held -= loaded.bytes
        if held + wanted > self._budget_bytes and (held > 0 or wanted > self._budget_bytes):
            left = (self._budget_bytes - held) / 1e9
            raise EngineUnavailable(
                f"{model} needs {wanted / 1e9:.1f} GB of memory, and {max(left, 0.0):.1f} of the budget of "
                f"{self._budget_bytes / 1e9:.1f} GB are free while other models work (setting `memory_budget_gb`)."
            )
        return [self._loaded.pop(name) for name in chosen]

    def _end(self, model: str, loaded: _Loaded, is_free: Callable[[], bool] = lambda: True) -> None:
        """End a model, unless somebody has come since it was looked at, or it is another one by now."""
        with self._lock:
            if self._loaded.get(model) is not loaded or not is_free():
                return
            del self._loaded[model]
        loaded.engine.stop()
        self._tell()

    def _is_unused(self, model: str) -> bool:
        return not self._users[model]

    def _end_released(self) -> None:
        def is_free(name: str, one: _Loaded) -> bool:
            return one.is_released and one.is_up and not self._users[name]

        with self._lock:
            free = [(name, one) for name, one in self._loaded.items() if is_free(name, one)]
        for name, one in free:
            if not _is_at_work(one.engine):
                self._end(name, one, partial(is_free, name, one))

    def _care(self) -> None:
        """Tell of changes soon after they happen, and end what nobody has used for long."""
        looked_at = time.monotonic()
        while not self._stopping.wait(_TICK):
            self._end_released()
            self._tell()
            if time.monotonic() - looked_at >= min(_LOOK_SECONDS, self._idle_seconds / 2):
                looked_at = time.monotonic()
                for model, loaded in self._idle():
                    _log.info("idle model ended", extra={"fields": {"model": model}})
                    self._end(model, loaded, partial(self._is_unused, model))

    def _idle(self) -> list[tuple[str, _Loaded]]:
        with self._lock:
            loaded = {name: one for name, one in self._loaded.items() if one.is_up}
        for name, one in loaded.items():
            # Other processes ask the same server, so it is the server that knows.
            works, mark = one.engine.at_work() if isinstance(one.engine, ServerEngine) else (False, one.mark)
            if works or mark != one.mark or self._users[name]:
                one.used_at, one.mark = time.monotonic(), mark
        long_ago = time.monotonic() - self._idle_seconds
        return [(name, one) for name, one in loaded.items() if name != self._kept and one.used_at <= long_ago]

    def _tell(self) -> None:
        with self._lock:
            told = [_told(model, loaded.engine) for model, loaded in self._loaded.items()]
            if told == self._told:
                return
            self._told = told
            try:
                self._announce(told)
            except (OSError, JindouError) as error:
                _log.warning("engines not announced", extra={"fields": {"error": str(error)}})


def _is_at_work(engine: Engine) -> bool:
    return isinstance(engine, ServerEngine) and engine.at_work()[0]


def _told(model: str, engine: Engine) -> Mapping[str, object]:
    health = engine.health()
    told = {"name": f"local/{model}", "model": model, "state": health.state, "pid": health.pid}
    if not isinstance(engine, ServerEngine):
        return told
    address = engine.address()
    if address is None:
        return {**told, "state": "restarting"}
    return {**told, "port": address[0], "key": address[1], "identity": engine.identity}
