"""llama.cpp in a child of another process of this installation, which announces it in a file of the home folder."""

import json
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any, Final, cast

from typing_extensions import override

from jindou.errors import Invalid
from jindou.models.engines.llamacpp import open_slots
from jindou.models.engines.llamacpp_client import LlamaCppClient
from jindou.models.engines.types import Chunk, Engine, EngineConfig, EngineHealth, EngineRequest
from jindou.models.engines.wire import Address
from jindou.models.upstreams import EngineUnavailable

__all__ = ["AnnouncedEngine"]

_START_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 0.05


class AnnouncedEngine(Engine):
    """An engine that somebody else starts, stops and restarts; the file says where it is now."""

    def __init__(self, config: EngineConfig) -> None:
        if config.announced is None:
            raise Invalid("The engine `announced` needs the file that tells of it.", field="announced", rule="given")
        self._model = config.model_name
        self._file = config.announced
        self._read_at = -1
        self._told: dict[str, Any] = {}
        self.slots = open_slots(config, lambda: self.identity)
        self._client = LlamaCppClient(
            model_name=config.model_name,
            wait=self.address,
            is_stopped=lambda: not self._file.exists(),
            on_stall=lambda: None,
            slots=self.slots,
        )

    @override
    def start(self) -> None:
        if self.address(_START_SECONDS) is None:
            raise EngineUnavailable(f"Nobody has announced an engine for {self._model}.")

    @override
    def stop(self) -> None:
        """Leave it to its owner."""

    @override
    def health(self) -> EngineHealth:
        told = self._now()
        return EngineHealth(
            state=told.get("state", "stopped"), model=self._model, pid=told.get("pid"), port=told.get("port")
        )

    @override
    def stream(self, request: EngineRequest) -> Generator[Chunk, None, None]:
        return self._client.stream(request)

    def address(self, seconds: float = 0.0) -> Address | None:
        """Return where it listens, as soon as it does; None after `seconds`."""
        deadline = time.monotonic() + seconds
        while True:
            told = self._now()
            if told.get("state") == "ready":
                return told["port"], told["key"]
            if time.monotonic() >= deadline:
                return None
            time.sleep(_POLL_SECONDS)

    @property
    def identity(self) -> str:
        """What its slot files fit, as its owner says."""
        return str(self._now().get("identity", ""))

    def at_work(self) -> tuple[bool, int]:
        """Leave it to its owner to say when it is idle."""
        return False, 0

    def _now(self) -> dict[str, Any]:
        """Return what the file says of this model; it is read again only when it has changed."""
        try:
            changed_at = self._file.stat().st_mtime_ns
        except OSError:
            return {}
        if changed_at != self._read_at:
            self._told = _engine(self._file, self._model)
            self._read_at = changed_at
        return self._told


def _engine(file: Path, model: str) -> dict[str, Any]:
    try:
        content: Any = json.loads(file.read_text(encoding="utf-8"))
        engines = cast("list[dict[str, Any]]", content["engines"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    found = [engine for engine in engines if engine.get("model") == model]
    return found[0] if found else {}
