"""The local models, as whoever routes requests sees them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from jindou.models.engines import Engine, EngineHealth
from jindou.models.upstreams import Upstream

__all__ = ["Address", "LocalEngine", "Models", "Reuse", "ServerEngine", "upstream_of"]

Address = tuple[int, str]
"""A port on the loopback interface, and the key that opens it."""


class Reuse(Protocol):
    """What a server has read before, and can load into a slot in place of reading it again."""

    def knows(self, prefix: int) -> bool:
        """Say whether `take` has something to do for a prefix."""
        ...

    def take(self, address: Address, prefix: int) -> int | None:
        """Return a slot that has the prefix, until `leave`. Waits for some milliseconds."""
        ...

    def leave(self, address: Address, prefix: int, slot: int, cached: int | None) -> None:
        """Give a slot back."""
        ...

    def learn(
        self, address: Address, prefix: int, messages: Sequence[Mapping[str, object]], tools: Sequence[object]
    ) -> None:
        """Note that a conversation began with a prefix."""
        ...


@runtime_checkable
class ServerEngine(Protocol):
    """An engine whose model is at work in a server of this machine."""

    slots: Reuse | None

    @property
    def identity(self) -> str:
        """What the files of its slots fit; empty while that is not known."""
        ...

    def address(self, seconds: float = 0.0) -> Address | None:
        """Return where it listens, as soon as it does; None after `seconds`."""
        ...

    def at_work(self) -> tuple[bool, int]:
        """Say whether it works, and return a number that changes with every request."""
        ...


@dataclass(frozen=True, slots=True)
class LocalEngine:
    """One model: its engine, and what its server has read.

    `has_server` is whether it can be reached over HTTP, `native_tools` whether its answers have its tool calls.
    """

    model: str
    engine: Engine
    has_server: bool
    reuse: Reuse | None = None
    native_tools: bool = False


class Models(Protocol):
    """The models of this machine. Every method may be called from any thread."""

    def start(self) -> None:
        """Begin to look after them."""
        ...

    def stop(self) -> None:
        """End all of them."""
        ...

    def find(self, model: str) -> LocalEngine:
        """Return a model, at work or not; does not wait. Its engine loads it when it is asked."""
        ...

    def upstream(self, model: str) -> Upstream | None:
        """Return where a model can be reached right now; None if it can't. Does not wait."""
        ...

    def load(self, model: str, seconds: float) -> Upstream | None:
        """Wait until a model is at work, and return where; None if it has no server.

        Raises:
            EngineUnavailable: it is not in `seconds`, or there is no memory for it.
        """
        ...

    def unload(self, model: str) -> None:
        """End a model that is at work, once what it has under way is over, and unless it is asked for again by then."""
        ...

    def enter(self, model: str) -> None:
        """Note that a request for the model begins."""
        ...

    def leave(self, model: str) -> None:
        """Note that it is over."""
        ...

    def health(self) -> Sequence[EngineHealth]:
        """Return how each is that is at work, at once."""
        ...


def upstream_of(address: Address | None) -> Upstream | None:
    """Return a server on the loopback interface."""
    return None if address is None else Upstream("http", "127.0.0.1", address[0], "/v1", address[1])
