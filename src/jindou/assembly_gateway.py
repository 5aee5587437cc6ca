"""Settings -> Gateway: what `/v1` needs, and nothing else, so that a worker of it starts in a second and stays small."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from jindou.billing.usage import Ledger
from jindou.home import Home
from jindou.identity.keys import KeyRing
from jindou.models.completions import Completions
from jindou.settings import Settings
from jindou.telemetry import Clock, Metrics

__all__ = ["Gateway", "open_gateway"]


@dataclass(slots=True, kw_only=True)
class Gateway:
    """What the doors of `/v1` open. Start it before the first request, and stop it after the last."""

    clock: Clock
    metrics: Metrics
    keys: KeyRing
    ledger: Ledger
    completions: Completions

    def start(self) -> None:
        """Begin to write down."""
        self.keys.start()
        self.ledger.start()

    def stop(self, seconds: float) -> None:
        """Give what is under way `seconds` to end, then break it off, and write down what is left."""
        self.completions.stop(seconds)
        self.ledger.stop()
        self.keys.stop()


@contextmanager
def open_gateway(settings: Settings, home: Home) -> Generator[Gateway]:
    """Open the gateway of a worker, on the database and the engines of the `jindou up` that has this home."""
    raise NotImplementedError
    yield
