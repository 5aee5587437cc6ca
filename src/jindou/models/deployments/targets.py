"""What stands behind a member: a model of this machine, or a server somewhere."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from typing_extensions import override

from jindou.models.deployments.credentials import Credentials
from jindou.models.deployments.types import Dialect, Member
from jindou.models.engines import Engine, EngineConfig
from jindou.models.serving import Models, Reuse, open_engine
from jindou.models.upstreams import Endpoint, Upstream

__all__ = ["Target", "Targets"]

_KIND = "openai"


class Target(Protocol):
    """One engine, however it is reached."""

    dialect: Dialect
    engine: Engine
    reuse: Reuse | None
    native_tools: bool

    def upstream(self) -> Upstream | None:
        """Return where it can be reached right now."""
        ...

    def load(self, seconds: float) -> Upstream | None:
        """Wait until it can be reached; None if it never can, over HTTP."""
        ...

    def enter(self) -> None:
        """Note that a request begins."""
        ...

    def leave(self) -> None:
        """Note that it is over."""
        ...


class Targets:
    """The engines of every member, made when they are first asked for."""

    def __init__(self, models: Models, credentials: Credentials) -> None:
        self._models = models
        self._credentials = credentials
        self._lock = threading.Lock()
        self._servers: dict[tuple[str, str, str, float, float], _Server] = {}

    def of(self, member: Member) -> Target:
        """Return the engine of a member.

        Raises:
            EngineUnavailable: it can't be had here, or its key can't be used.
        """
        if member.is_local:
            return _Local(self._models, member.model)
        key, credential = self._credentials.get(member.engine, member.url)
        # A new key makes a new engine.
        at = (member.url, member.model, key, member.first_token_seconds, member.idle_seconds)
        with self._lock:
            server = self._servers.get(at)
            if server is None:
                server = self._servers[at] = _Server(member, key, credential)
        return server


class _Local(Target):
    def __init__(self, models: Models, model: str) -> None:
        found = models.find(model)
        self.dialect = "llamacpp" if found.has_server else "engine"
        self.engine = found.engine
        self.reuse = found.reuse
        self.native_tools = found.native_tools
        self._models = models
        self._model = model

    @override
    def upstream(self) -> Upstream | None:
        return self._models.upstream(self._model)

    @override
    def load(self, seconds: float) -> Upstream | None:
        return self._models.load(self._model, seconds)

    @override
    def enter(self) -> None:
        self._models.enter(self._model)

    @override
    def leave(self) -> None:
        self._models.leave(self._model)


class _Server(Target):
    def __init__(self, member: Member, key: str, credential: str) -> None:
        self.dialect = "openai"
        self.reuse = None
        self.native_tools = True
        self._upstream = replace(
            Upstream.at(member.url, key), first_seconds=member.first_token_seconds, silent_seconds=member.idle_seconds
        )
        endpoint = Endpoint(
            upstream=self._upstream,
            model=member.model,
            credential=credential,
            first_token_seconds=member.first_token_seconds,
            idle_seconds=member.idle_seconds,
        )
        self.engine = open_engine(_KIND, EngineConfig(member.engine_id, Path(), 0, 0, Path(), endpoint=endpoint))

    @override
    def upstream(self) -> Upstream:
        return self._upstream

    @override
    def load(self, seconds: float) -> Upstream:
        return self._upstream

    @override
    def enter(self) -> None:
        """It has no memory of ours to look after."""

    @override
    def leave(self) -> None:
        """It has no memory of ours to look after."""
