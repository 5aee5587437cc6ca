"""The models of this installation, seen from a process that does not run them: a gateway worker."""

import json
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from http.client import HTTPConnection, HTTPException
from typing import Final
from urllib.parse import urlsplit

from typing_extensions import override

from jindou.models.engines import Engine, EngineConfig, EngineHealth
from jindou.models.serving.loading import OnDemand
from jindou.models.serving.opening import open_engine
from jindou.models.serving.types import Address, LocalEngine, Models, ServerEngine, upstream_of
from jindou.models.upstreams import EngineUnavailable, Upstream

__all__ = ["Owner", "RemoteModels"]

_KIND = "announced"
_GRACE_SECONDS = 2.0
_LEAST_ERROR: Final = 400

Owner = Callable[[], tuple[str, str]]
"""Returns the URL of the process that runs the models, and the operator's key, which opens it."""


class RemoteModels(Models):
    """What the file in each model's configuration announces. One that is not at work is asked for at its `owner`."""

    def __init__(self, config_of: Callable[[str], EngineConfig], owner: Owner) -> None:
        self._config_of = config_of
        self._owner = owner
        self._lock = threading.Lock()
        self._known: dict[str, tuple[LocalEngine, Engine]] = {}

    @override
    def start(self) -> None:
        """Nothing to start: the owner has."""

    @override
    def stop(self) -> None:
        """Nothing to stop: the owner will."""

    @override
    def find(self, model: str) -> LocalEngine:
        with self._lock:
            if model not in self._known:
                config = self._config_of(model)
                engine = open_engine(_KIND, config)
                on_demand = OnDemand(model, partial(self._loaded, model), partial(self._now, model))
                reuse = engine.slots if isinstance(engine, ServerEngine) else None
                tools = config.native_tools
                found = LocalEngine(model, on_demand, has_server=True, reuse=reuse, native_tools=tools)
                self._known[model] = found, engine
            return self._known[model][0]

    @override
    def upstream(self, model: str) -> Upstream | None:
        return upstream_of(self._address(model, 0.0))

    @override
    def load(self, model: str, seconds: float) -> Upstream | None:
        self._loaded(model, seconds)
        return self.upstream(model)

    @override
    def unload(self, model: str) -> None:
        """Leave that to the owner."""

    @override
    def enter(self, model: str) -> None:
        """The owner sees it at the server itself."""

    @override
    def leave(self, model: str) -> None:
        """The owner sees it at the server itself."""

    @override
    def health(self) -> Sequence[EngineHealth]:
        with self._lock:
            engines = [engine for _, engine in self._known.values()]
        return [engine.health() for engine in engines]

    def _now(self, model: str) -> Engine | None:
        return self._known[model][1] if self._address(model, 0.0) else None

    def _loaded(self, model: str, seconds: float) -> Engine:
        """Return the engine once it is announced, having asked the owner to load it."""
        deadline = time.monotonic() + seconds
        if self._address(model, 0.0) is None:
            self._ask_owner(model, seconds)
        if self._address(model, max(deadline - time.monotonic(), _GRACE_SECONDS)) is None:
            raise EngineUnavailable(f"The engine for {model} is not running: see `jindou doctor`.")
        return self._known[model][1]

    def _address(self, model: str, seconds: float) -> Address | None:
        self.find(model)
        engine = self._known[model][1]
        return engine.address(seconds) if isinstance(engine, ServerEngine) else None

    def _ask_owner(self, model: str, seconds: float) -> None:
        url, key = self._owner()
        at = urlsplit(url)
        body = json.dumps({"model": model})
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        connection = HTTPConnection(at.hostname or "", at.port, timeout=seconds)
        try:
            connection.request("POST", "/api/deployments/loading", body, headers)
            status = connection.getresponse().status
        except (OSError, HTTPException) as error:
            raise EngineUnavailable(f"Jindou at {url} does not answer ({type(error).__name__}).") from None
        finally:
            connection.close()
        if status >= _LEAST_ERROR:
            raise EngineUnavailable(f"Jindou at {url} could not load {model} ({status}).")
