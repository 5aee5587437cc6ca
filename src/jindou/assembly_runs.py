"""Settings -> what moves runs on: put together alike for the platform and for workers that do nothing else."""

import threading
from dataclasses import dataclass, field

from jindou.agents.approvals import RUN_TASK, Approvals, Terms
from jindou.agents.assistants import Assistants, Limits
from jindou.agents.conversations import Conversations
from jindou.agents.policies import Recorder
from jindou.agents.runs import Journal, Parts, Runner
from jindou.agents.tools import Doorway
from jindou.agents.webhooks import Webhooks
from jindou.assembly_gateway import NotPrepared, open_prices
from jindou.assembly_ground import Ground, lay_ground
from jindou.billing.pricing import PriceWatch
from jindou.billing.usage import Ledger, Usage
from jindou.db import Database
from jindou.durable.queue import Handler, Queue, Worker
from jindou.durable.signals import Signals
from jindou.home import Home
from jindou.identity.audit import Audit
from jindou.identity.policy import Standing
from jindou.models.deployments import Deployments, open_deployments
from jindou.models.serving import Models as LocalModels
from jindou.models.serving import remote_models
from jindou.packs.contract import OpenPack
from jindou.settings import Settings
from jindou.telemetry import get_logger

__all__ = [
    "RunWorker",
    "assemble_worker",
    "deployments_of",
    "open_ledger",
    "open_parts",
    "open_worker",
    "publish_heads",
]

_PUBLISH_SECONDS = 2.0
_HAND_BACK_SECONDS = 5.0
_OWNER_SECONDS = 30.0
"""Until a process that says nothing is taken for dead and its calls of the gateway for lost: no hurry, as nobody waits
for them."""

_log = get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class RunWorker:
    """What moves runs on, and nothing else: one of any number of processes on one PostgreSQL database."""

    database: Database
    signals: Signals
    standing: Standing
    audit: Audit
    prices: PriceWatch
    runner: Runner
    worker: Worker
    packs: dict[str, OpenPack]
    _closing: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Begin to take tasks."""
        self.prices.start()
        self.standing.start()
        self.signals.start()
        threading.Thread(
            target=publish_heads, args=(self.audit, self._closing), name="audit-heads", daemon=True
        ).start()
        self.worker.start()

    def runs_under_way(self) -> int:
        """Return how many runs this process moves on now."""
        return self.worker.under_way(RUN_TASK)

    def stop(self, seconds: float) -> int:
        """Take no more tasks, give those under way `seconds` to end, and hand back the rest; return how many runs."""
        left = 0
        if not self.worker.stop(seconds):
            left = self.runs_under_way()
            self.runner.stop()
            self.worker.stop(_HAND_BACK_SECONDS)
        self.worker.close()
        self._closing.set()
        self.prices.stop()
        self.standing.stop()
        self.signals.stop()
        self.audit.publish()
        for pack in self.packs.values():
            pack.close()
        self.database.close()
        return left


def publish_heads(audit: Audit, closing: threading.Event) -> None:
    """Write the heads of the audit chains outside the database, again and again until `closing`."""
    while not closing.wait(_PUBLISH_SECONDS):
        try:
            audit.publish()
        except OSError as error:
            _log.warning("audit heads not published", extra={"fields": {"error": str(error)}})


def assemble_worker(settings: Settings, home: Home) -> RunWorker:
    """Put together what moves runs on, on the database and the engines of a `jindou up`.

    Raises:
        NotPrepared: the database is SQLite, which one process has, or nothing says which model runs ask.
        DatabaseOlder, DatabaseNewer: the database is of another version.
    """
    model = home.standing_model() or settings.model
    if not settings.database_url or settings.database_url.startswith("sqlite"):
        raise NotPrepared("SQLite is for one process, `jindou up`. Set `database_url` to a PostgreSQL database.")
    if model == "auto":
        raise NotPrepared("Nobody has announced a model here: set `model` to the one that runs ask.")
    ground = lay_ground(settings, home, is_first=False)
    prices = open_prices(settings, home)
    usage = Usage(prices.book, ground.policy, ground.audit, ground.name_of)
    deployments = deployments_of(ground, settings, home, remote_models(settings, home), model)
    parts = open_parts(ground, settings, home, model, deployments=deployments, usage=usage)
    runner = Runner(parts)
    return RunWorker(
        database=ground.database,
        signals=ground.signals,
        standing=ground.standing,
        audit=ground.audit,
        prices=prices,
        runner=runner,
        worker=open_worker(ground, settings, runner, parts.approvals, open_ledger(ground, usage)),
        packs=ground.opened,
    )


def deployments_of(ground: Ground, settings: Settings, home: Home, models: LocalModels, model: str) -> Deployments:
    """Return the public names, where everybody has `model` who names none."""
    policy, audit = ground.policy, ground.audit
    return open_deployments(
        settings, home, ground.database, policy=policy, audit=audit, models=models, model=lambda: model
    )


def open_ledger(ground: Ground, usage: Usage) -> Ledger:
    """Return what calls of the gateway are settled by."""
    return Ledger(ground.database, usage.attempts, Queue(_OWNER_SECONDS), ground.metrics.ledger)


def open_parts(
    ground: Ground, settings: Settings, home: Home, model: str, *, deployments: Deployments, usage: Usage
) -> Parts:
    """Return what the rooms of runs are made of."""
    assistants = Assistants(ground.assistant_folders())
    doorway = _doorway(ground, assistants)
    journal = Journal(ground.signals, usage, ground.metrics, ground.spans)
    return Parts(
        database=ground.database,
        queue=ground.queue,
        journal=journal,
        stream=journal.stream,
        doorway=doorway,
        recorder=Recorder(doorway),
        approvals=_approvals(ground, settings, home, assistants, doorway),
        assistants=assistants,
        conversations=Conversations(),
        principals=ground.principals,
        audit=ground.audit,
        deployments=deployments,
        model=model,
        context_tokens=settings.context_tokens,
        context_share=settings.run_context_share,
        limits=_limits(settings),
        parallel_calls=settings.run_parallel_calls,
        answer_max_tokens=settings.answer_max_tokens,
    )


def _limits(settings: Settings) -> Limits:
    return Limits(
        steps=settings.run_max_steps,
        tokens=settings.run_max_tokens or None,
        cost_micro=settings.run_max_cost_micro or None,
        seconds=settings.run_max_seconds,
        model_seconds=settings.model_max_seconds,
        tool_seconds=settings.tool_max_seconds,
    )


def open_webhooks(ground: Ground, settings: Settings) -> Webhooks:
    """Return the webhooks of organisations."""
    private = settings.approval_webhook_private
    return Webhooks(ground.database, ground.policy, ground.audit, ground.secrets, queue=ground.queue, private=private)


def _approvals(ground: Ground, settings: Settings, home: Home, assistants: Assistants, doorway: Doorway) -> Approvals:
    return Approvals(
        ground.queue,
        ground.policy,
        ground.audit,
        ground.principals,
        assistants=assistants,
        doorway=doorway,
        terms=Terms.read(settings, home, ground.queue, open_webhooks(ground, settings)),
    )


def _doorway(ground: Ground, assistants: Assistants) -> Doorway:
    doorway = Doorway(ground.policy, {name: pack.tools for name, pack in ground.opened.items()}, ground.secrets)
    doorway.require_tools(assistants.list_assistants())
    return doorway


def open_worker(ground: Ground, settings: Settings, runner: Runner, approvals: Approvals, ledger: Ledger) -> Worker:
    """Return the worker that takes tasks of runs, of approvals and of calls whose process died."""
    handlers: dict[str, Handler] = {
        RUN_TASK: runner.run,
        **approvals.tasks(ground.database),
        Ledger.task: ledger.bury,
    }
    return Worker(ground.database, ground.queue, handlers, settings.run_workers, reap=runner.reap)
