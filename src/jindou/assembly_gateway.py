"""Settings -> Gateway: what `/v1` needs and nothing else, so that a worker of it starts in a second and stays small."""

import os
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from jindou import __version__
from jindou.billing.pricing import PriceBook, PriceWatch
from jindou.billing.usage import Attempts, Ledger
from jindou.db import Database, require_newest
from jindou.durable.queue import Queue
from jindou.errors import Unavailable
from jindou.home import Home
from jindou.identity.audit import Audit
from jindou.identity.keys import KeyRing, Keys
from jindou.identity.policy import Policy, Standing
from jindou.identity.principals import Principals
from jindou.ids import IdMaker
from jindou.models.completions import Completions
from jindou.models.deployments import Deployments, open_deployments
from jindou.models.embeddings import Embeddings, open_embeddings
from jindou.models.serving import open_catalogue, remote_models
from jindou.settings import Settings
from jindou.telemetry import Clock, Metrics, Spans, open_spans

__all__ = ["Gateway", "NotPrepared", "open_gateway", "open_prices"]

_STOP_SECONDS = 5.0


class NotPrepared(Unavailable):
    """There is no database that this process could work on."""

    code = "not_prepared"


@dataclass(slots=True, kw_only=True)
class Gateway:
    """What the doors of `/v1` open. Start it before the first request, and stop it after the last."""

    clock: Clock
    metrics: Metrics
    spans: Spans
    keys: KeyRing
    prices: PriceWatch
    ledger: Ledger
    completions: Completions
    embeddings: Embeddings
    ids: IdMaker = field(default_factory=lambda: IdMaker(os.urandom))
    reading: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="body"))
    """Where large bodies are read, one after the other, so that few are made at once of what takes more room then."""

    def start(self) -> None:
        """Begin to write down, and to follow what changes."""
        self.keys.start()
        self.prices.start()
        self.ledger.start()
        self.embeddings.start()

    def stop(self, seconds: float) -> None:
        """Give what is under way `seconds` to end, then break it off, and write down what is left."""
        self.reading.shutdown(wait=False, cancel_futures=True)
        self.completions.stop(seconds)
        self.embeddings.stop()
        self.ledger.stop()
        self.prices.stop()
        self.keys.stop()
        self.spans.stop()


@contextmanager
def open_gateway(settings: Settings, home: Home) -> Generator[Gateway]:
    """Open the gateway of a worker, on the database and the engines of the `jindou up` that has this home.

    Raises:
        NotPrepared: no `jindou up` of this version has been here.
    """
    if not settings.database_url and not home.database.exists():
        raise NotPrepared(f"There is no database in {home.path}: `jindou up` makes it; then start the worker again.")
    database = Database(settings.database_url or f"sqlite:///{home.database}")
    try:
        require_newest(database)
        policy = Policy({}, {})
        standing = Standing(database, policy)
        standing.look()
        gateway = _gateway(settings, home, database, policy)
        standing.start()
        gateway.start()
        try:
            yield gateway
        finally:
            gateway.stop(_STOP_SECONDS)
            standing.stop()
    finally:
        database.close()


def _gateway(settings: Settings, home: Home, database: Database, policy: Policy) -> Gateway:
    audit = Audit(home.published_heads, policy)
    keys = Keys(Principals(), policy, audit)
    prices = open_prices(settings, home)
    metrics = Metrics()
    ledger = Ledger(database, Attempts(prices.book), Queue(settings.lease_seconds), metrics.ledger)
    deployments = _deployments(settings, home, database, policy, audit)
    return Gateway(
        clock=database.clock,
        metrics=metrics,
        spans=open_spans(settings.otlp_endpoint, __version__),
        keys=KeyRing(database, keys),
        prices=prices,
        ledger=ledger,
        completions=Completions(database, deployments, ledger),
        embeddings=open_embeddings(settings, home, deployments, ledger, database.clock, here=False),
    )


def _deployments(settings: Settings, home: Home, database: Database, policy: Policy, audit: Audit) -> Deployments:
    models, standing = remote_models(settings, home), home.standing_model
    return open_deployments(settings, home, database, policy=policy, audit=audit, models=models, model=standing)


def open_prices(settings: Settings, home: Home) -> PriceWatch:
    """Return the prices of an installation: ours, those of its models, and its own.

    Raises:
        Invalid: as `PriceBook.load` says.
    """
    catalogue = open_catalogue(settings, home)

    def read() -> PriceBook:
        return PriceBook.load(settings.currency, catalogue.prices(), file=home.prices)

    return PriceWatch(read, (catalogue.own, home.prices))
