"""llama.cpp in a child process, reached over loopback with a key that only the two know."""

import os
import secrets
from collections.abc import Callable, Generator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar, Final

from typing_extensions import override

from jindou.models.children import Supervisor
from jindou.models.engines.llamacpp_client import LlamaCppClient, rendered
from jindou.models.engines.slots import SlotFiles, Slots, identity_of
from jindou.models.engines.types import Chunk, Engine, EngineConfig, EngineHealth, EngineRequest
from jindou.models.engines.wire import Address, Refused, get
from jindou.models.upstreams import EngineUnavailable

__all__ = ["LlamaCppEngine", "open_slots"]

_CHILD: Final = "jindou.models.engines.llamacpp_child"
_START_SECONDS: Final = 180.0
_ASK_SECONDS: Final = 5.0


class LlamaCppEngine(Engine):
    """One GGUF file at work on this machine, by the module `child` in a process of its own."""

    child: ClassVar[str] = _CHILD
    build: ClassVar[str] = "xllamacpp"
    """The package with the library: what one version of it has read, another may not understand."""

    def __init__(self, config: EngineConfig) -> None:
        self._config = config
        self._key = secrets.token_urlsafe(32)
        self._supervisor = Supervisor(self.child, self._child_config, config.log_path)
        self.identity = _identity(config, self.build)
        self.slots = open_slots(config, lambda: self.identity)
        self._client = LlamaCppClient(
            model_name=config.model_name,
            wait=self.address,
            is_stopped=lambda: self._supervisor.state == "stopped",
            on_stall=self._supervisor.kill,
            slots=self.slots,
        )

    @override
    def start(self) -> None:
        if self._config.slots_path is not None:
            self._config.slots_path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._supervisor.start()
        if self._supervisor.wait_first_try(_START_SECONDS) is None:
            self._supervisor.stop()
            raise EngineUnavailable(
                f"The engine did not start with {self._config.model_path.name}: see {self._config.log_path}."
            )

    @override
    def stop(self) -> None:
        self._supervisor.stop()

    @override
    def health(self) -> EngineHealth:
        answer = self._supervisor.answer
        return EngineHealth(
            state=self._supervisor.state,
            model=self._config.model_name,
            pid=self._supervisor.pid,
            port=answer["port"] if answer else None,
            rss_bytes=self._supervisor.rss_bytes(),
            restarts=self._supervisor.restarts,
        )

    @override
    def stream(self, request: EngineRequest) -> Generator[Chunk, None, None]:
        return self._client.stream(request)

    def address(self, seconds: float = 0.0) -> Address | None:
        """Return where the child listens, as soon as it does; None after `seconds`, or once it is stopped."""
        answer = self._supervisor.wait_ready(seconds)
        return (answer["port"], self._key) if answer is not None else None

    def at_work(self) -> tuple[bool, int]:
        """Say whether any slot works, and return a number that changes with every request of any process."""
        address = self.address()
        if address is None:
            return False, 0
        try:
            slots: list[dict[str, Any]] = get(address, "/slots", seconds=_ASK_SECONDS)
        except (OSError, Refused):
            # One that is too busy to say so is no idle one.
            return True, 0
        return any(slot["is_processing"] for slot in slots), max(int(slot.get("id_task", -1)) for slot in slots)

    def _child_config(self) -> Mapping[str, object]:
        slots_path = self._config.slots_path
        return {
            "model_path": str(self._config.model_path),
            "key": self._key,
            "slots": self._config.slots,
            "slots_path": f"{slots_path}{os.sep}" if slots_path else "",
            "context_tokens": self._config.context_tokens,
            "threads": self._config.threads or os.cpu_count() or 1,
            "batch": self._config.batch,
        }


def open_slots(config: EngineConfig, identity: Callable[[], str]) -> Slots | None:
    """Return the kept slots of a model, in files that only fit its `identity`; None if they are not to be kept."""
    if config.slots_path is None:
        return None
    return Slots(SlotFiles(config.slots_path, identity, config.slots_bytes), rendered)


def _identity(config: EngineConfig, build: str) -> str:
    is_there = config.slots_path is not None and Path(config.model_path).is_file()
    return identity_of(config.model_path, f"{build} {version(build)}") if is_there else ""
