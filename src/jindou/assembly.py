"""Settings -> Platform: the only place where the rooms are put together."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path

from jindou import __version__
from jindou.agents.approvals import EXPIRE_TASK, RUN_TASK, Approvals
from jindou.agents.assistants import Assistants, Limits
from jindou.agents.conversations import Conversations
from jindou.agents.runs import Journal, Parts, Runner, Runs, Stream
from jindou.agents.tools import Doorway, actions_of
from jindou.assembly_gateway import Gateway
from jindou.billing.budgets import Bound, Budgets
from jindou.billing.pricing import PriceBook
from jindou.billing.usage import Ledger, Usage
from jindou.db import Database, Work, migrate
from jindou.durable.queue import Handler, Queue, Worker
from jindou.errors import Invalid, JindouError, NotFound
from jindou.home import Home
from jindou.identity.audit import Audit
from jindou.identity.keys import KeyRing, Keys
from jindou.identity.policy import Policy
from jindou.identity.principals import Person, Principals
from jindou.identity.sessions import Sessions
from jindou.models.catalogue import Models
from jindou.models.completions import Completions
from jindou.models.deployments import Deployments, open_deployments
from jindou.models.embeddings import open_embeddings
from jindou.models.engines import Engine
from jindou.models.gateway import ToolSchema, warm_up
from jindou.models.serving import Models as LocalModels
from jindou.models.serving import open_catalogue
from jindou.packs.contract import OpenPack, Pack
from jindou.settings import Settings
from jindou.telemetry import Clock, Metrics, Spans, get_logger, open_spans

__all__ = ["Platform", "assemble", "installed_packs"]

_COMPANY = "Somersault Lamps · 筋斗灯饰"
_PUBLISH_SECONDS = 2.0
_log = get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class Platform:
    """Every room, put together and ready to `start`."""

    settings: Settings
    home: Home
    database: Database
    queue: Queue
    policy: Policy
    audit: Audit
    principals: Principals
    sessions: Sessions
    keys: Keys
    usage: Usage
    budgets: Budgets
    ledger: Ledger
    assistants: Assistants
    conversations: Conversations
    approvals: Approvals
    runs: Runs
    doorway: Doorway
    deployments: Deployments
    engine: Engine
    model: str
    gateway: Gateway
    models: Models
    packs: dict[str, OpenPack]
    runner: Runner
    worker: Worker
    _closing: threading.Event = field(default_factory=threading.Event)
    _background: list[threading.Thread] = field(default_factory=list[threading.Thread])

    def start(self) -> None:
        """Repair what a killed process left, start the engine and the workers.

        Raises:
            EngineUnavailable: the model does not come up.
        """
        self._recover()
        self.gateway.start()
        self.deployments.start()
        for name, work_on in (("warm-up", self._warm_up), ("audit-heads", self._publish_heads)):
            thread = threading.Thread(target=work_on, name=name, daemon=True)
            self._background.append(thread)
            thread.start()

    def _recover(self) -> None:
        with self.database.writing(None) as work:
            # One process holds the home's runs, so a lease of theirs that is still there belongs to nobody. Workers of
            # the gateway may live, though.
            freed = self.queue.recover(work, but=Ledger.task) if self.database.is_sqlite else 0
            unknown = self.ledger.recover(work)
        with self.database.reading(None) as work:
            wrong = self.budgets.count_wrong(work)
        if wrong:
            with self.database.writing(None) as work:
                wrong = self.budgets.repair(work)
        fields = {"leases": freed, "unknown_attempts": unknown, "repaired_budgets": wrong}
        _log.info("recovered", extra={"fields": fields})

    def stop(self) -> None:
        """Stop the workers and the engine; runs that were under way go on at the next start."""
        self._closing.set()
        self.runner.stop()
        for thread in self._background:
            thread.join(timeout=5.0)
        self.worker.stop(seconds=5.0)
        self.models.stop()
        self.gateway.stop(seconds=5.0)
        self.deployments.stop()
        self.audit.publish()
        for pack in self.packs.values():
            pack.close()
        self.database.close()

    def reset_demo(self) -> None:
        """Cancel the runs that are under way and make the demo data of every pack anew."""
        with self.database.writing(None) as work:
            self.runs.cancel_all(work)
        self.worker.wake()
        for pack in self.packs.values():
            pack.reset()

    def _warm_up(self) -> None:
        """Have the model read each assistant's instructions, then let the workers begin: they would wait for it."""
        try:
            for assistant in self.assistants.list_assistants():
                tools = [ToolSchema(t.name, t.description, t.schema()) for t in self.doorway.tools_of(assistant)]
                warm_up(self.engine, assistant.instructions, tools, self._closing.is_set)
        except JindouError as error:
            _log.warning("the model was not warmed up", extra={"fields": {"error": error.message}})
        if not self._closing.is_set():
            self.worker.start()

    def _publish_heads(self) -> None:
        while not self._closing.wait(_PUBLISH_SECONDS):
            try:
                self.audit.publish()
            except OSError as error:
                _log.warning("audit heads not published", extra={"fields": {"error": str(error)}})


def assemble(settings: Settings, home: Home, models: LocalModels, model: str, clock: Clock | None = None) -> Platform:
    """Put the rooms together on a prepared and locked home; everybody has `model`, one of the local `models`."""
    ground = _lay_ground(settings, home, clock)
    prices = PriceBook.load(settings.currency, open_catalogue(settings, home).prices(), file=home.prices)
    usage = Usage(prices, ground.policy, ground.audit, ground.name_of)
    deployments = _deployments(ground, settings, home, models, model)
    ledger = Ledger(ground.database, usage.attempts, ground.queue, ground.metrics.ledger)
    assistants = Assistants(ground.assistant_folders())
    approvals = Approvals(ground.queue, ground.policy, ground.audit, ground.principals, settings.approval_hours)
    conversations = Conversations()
    parts = _parts(
        ground,
        settings,
        model,
        deployments=deployments,
        usage=usage,
        assistants=assistants,
        approvals=approvals,
        conversations=conversations,
    )
    runner = Runner(parts)
    return Platform(
        settings=settings,
        home=home,
        database=ground.database,
        queue=ground.queue,
        policy=ground.policy,
        audit=ground.audit,
        principals=ground.principals,
        sessions=Sessions(ground.principals, ground.audit, settings.sign_in_hours, settings.session_hours),
        keys=ground.keys,
        usage=usage,
        budgets=_budgets(ground, usage, assistants),
        ledger=ledger,
        assistants=assistants,
        conversations=conversations,
        approvals=approvals,
        runs=Runs(parts, ground.policy, conversations, settings.message_max_chars),
        doorway=parts.doorway,
        deployments=deployments,
        engine=deployments.engine("", model),
        model=model,
        gateway=_gateway(ground, settings, home, deployments, ledger),
        models=_models(ground, settings, home, deployments),
        packs=ground.opened,
        runner=runner,
        worker=_worker(ground, settings, runner, approvals, ledger),
    )


def _parts(
    ground: "_Ground",
    settings: Settings,
    model: str,
    *,
    deployments: Deployments,
    usage: Usage,
    assistants: Assistants,
    approvals: Approvals,
    conversations: Conversations,
) -> Parts:
    stream = Stream()
    return Parts(
        database=ground.database,
        queue=ground.queue,
        journal=Journal(stream, usage, ground.metrics, ground.spans),
        stream=stream,
        doorway=_doorway(ground, assistants),
        approvals=approvals,
        assistants=assistants,
        conversations=conversations,
        principals=ground.principals,
        audit=ground.audit,
        deployments=deployments,
        model=model,
        context_tokens=settings.context_tokens,
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


def _budgets(ground: "_Ground", usage: Usage, assistants: Assistants) -> Budgets:
    def find_bound(work: Work, scope: str, scope_id: str) -> Bound:
        if scope == "organisation":
            return Bound(ground.principals.organisation_name(work, scope_id))
        if scope == "person":
            return Bound(ground.principals.get(work, scope_id).name, scope_id)
        if scope == "key":
            return Bound(*ground.keys.owner(work, scope_id))
        return Bound(assistants.get(scope_id).slug)

    return Budgets(ground.policy, ground.audit, usage.currency, find_bound, usage.attempts.tally)


def _doorway(ground: "_Ground", assistants: Assistants) -> Doorway:
    doorway = Doorway(ground.policy, {name: pack.tools for name, pack in ground.opened.items()})
    doorway.require_tools(assistants.list_assistants())
    return doorway


def _deployments(ground: "_Ground", settings: Settings, home: Home, models: LocalModels, model: str) -> Deployments:
    policy, audit = ground.policy, ground.audit
    return open_deployments(settings, home, ground.database, policy=policy, audit=audit, models=models, model=model)


def _models(ground: "_Ground", settings: Settings, home: Home, deployments: Deployments) -> Models:
    catalogue = open_catalogue(settings, home, deployments.served)
    return Models(catalogue, ground.policy, ground.audit, ground.database.clock, deployments)


def _gateway(ground: "_Ground", settings: Settings, home: Home, deployments: Deployments, ledger: Ledger) -> Gateway:
    clock = ground.database.clock
    return Gateway(
        clock=clock,
        metrics=ground.metrics,
        spans=ground.spans,
        keys=KeyRing(ground.database, ground.keys),
        ledger=ledger,
        completions=Completions(ground.database, deployments, ledger),
        embeddings=open_embeddings(settings, home, deployments, ledger, clock, here=True),
    )


def _worker(ground: "_Ground", settings: Settings, runner: Runner, approvals: Approvals, ledger: Ledger) -> Worker:
    handlers: dict[str, Handler] = {
        RUN_TASK: runner.run,
        EXPIRE_TASK: partial(approvals.expire, ground.database),
        Ledger.task: ledger.bury,
    }
    return Worker(ground.database, ground.queue, handlers, settings.run_workers)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ground:
    """What every other room stands on."""

    database: Database
    packs: dict[str, Pack]
    opened: dict[str, OpenPack]
    policy: Policy
    audit: Audit
    principals: Principals
    keys: Keys
    queue: Queue
    metrics: Metrics
    spans: Spans

    def assistant_folders(self) -> list[tuple[str, Path]]:
        """Return the pack and the folder of each assistant."""
        found = {name: sorted(pack.folder.glob("assistants/*/assistant.yaml")) for name, pack in self.packs.items()}
        return [(name, definition.parent) for name, definitions in found.items() for definition in definitions]

    def name_of(self, work: Work, id_: str) -> str:
        """Return the name of a person or of a key, or the id of what is gone."""
        try:
            return self.keys.owner(work, id_)[0] if id_.startswith("key_") else self.principals.get(work, id_).name
        except NotFound:
            return id_


def _lay_ground(settings: Settings, home: Home, clock: Clock | None) -> _Ground:
    """Open the database, bring it to the newest schema, open the packs, and seed an empty installation."""
    database = Database(settings.database_url or f"sqlite:///{home.database}", clock=clock)
    migrate(database)
    packs = {pack.name: pack for pack in installed_packs()}
    opened = {name: _open(pack, home, database.clock) for name, pack in packs.items()}
    policy = _policy(packs, opened)
    principals = Principals()
    seed(database, principals, packs.values())
    audit = Audit(home.published_heads, policy)
    return _Ground(
        database=database,
        packs=packs,
        opened=opened,
        policy=policy,
        audit=audit,
        principals=principals,
        keys=Keys(principals, policy, audit),
        queue=Queue(settings.lease_seconds),
        metrics=Metrics(),
        spans=open_spans(settings.otlp_endpoint, __version__),
    )


def installed_packs() -> list[Pack]:
    """Return every pack that is installed.

    Raises:
        Invalid: an entry point does not name a pack.
    """
    packs: list[Pack] = []
    for point in entry_points(group="jindou.packs"):
        pack = point.load()
        if not isinstance(pack, Pack):
            raise Invalid(f"The entry point {point.name} is no pack.", field=point.value, rule="jindou.packs")
        packs.append(pack)
    return packs


def seed(database: Database, principals: Principals, packs: Iterable[Pack]) -> None:
    """Make the demo company and its people, if there is no organisation yet."""
    with database.writing(None) as work:
        if principals.find_organisation(work) is not None:
            return
        org_id = principals.create_organisation(work, _COMPANY)
        for person in (person for pack in packs for person in pack.people):
            made = Person(
                id="",
                handle=person.handle,
                name=person.name,
                title=dict(person.title),
                roles=list(person.roles),
                language=person.language,
            )
            principals.create_person(work, org_id, made)


def _open(pack: Pack, home: Home, clock: Clock) -> OpenPack:
    folder = home.packs / pack.name
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return pack.open(folder, clock.now())


def _policy(packs: dict[str, Pack], opened: dict[str, OpenPack]) -> Policy:
    texts = {name: (pack.folder / "policy.cedar").read_text(encoding="utf-8") for name, pack in packs.items()}
    actions: dict[str, list[str]] = {}
    for name, pack in packs.items():
        actions |= actions_of(name, opened[name].tools, pack.actions)
    return Policy(texts, actions)
