"""Settings -> Platform: the only place where the rooms are put together."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from jindou.agents.approvals import RUN_TASK, Approvals
from jindou.agents.assistants import Assistants
from jindou.agents.conversations import Conversations
from jindou.agents.decisions import Decisions
from jindou.agents.policies import Checker, Policies, Recorder
from jindou.agents.readings import Readings
from jindou.agents.runs import Parts, Runner, Runs
from jindou.agents.tools import Doorway
from jindou.agents.webhooks import Webhooks
from jindou.assembly_gateway import Gateway, open_prices
from jindou.assembly_ground import Ground, installed_packs, lay_ground
from jindou.assembly_runs import deployments_of, open_ledger, open_parts, open_webhooks, open_worker, publish_heads
from jindou.billing.budgets import Bound, Budgets
from jindou.billing.pricing import PriceWatch
from jindou.billing.usage import Ledger, Usage
from jindou.cloud.secrets import Rewrapping, Secrets
from jindou.db import Database, Work
from jindou.durable.queue import Queue, Worker
from jindou.durable.signals import Signals
from jindou.errors import JindouError
from jindou.home import Home
from jindou.identity.accounts import Accounts
from jindou.identity.audit import Audit, Entry
from jindou.identity.directory import Departure, Directory
from jindou.identity.keys import KeyRing, Keys
from jindou.identity.policy import Policy, Standing
from jindou.identity.principals import Principals
from jindou.identity.sessions import OPERATOR, Sessions
from jindou.identity.sso import Sso
from jindou.models.catalogue import Models
from jindou.models.completions import Completions
from jindou.models.deployments import Deployments
from jindou.models.embeddings import open_embeddings
from jindou.models.engines import Engine
from jindou.models.gateway import warm_up
from jindou.models.serving import Models as LocalModels
from jindou.models.serving import open_catalogue
from jindou.packs.contract import OpenPack
from jindou.settings import Settings
from jindou.telemetry import Clock, get_logger

__all__ = ["Platform", "assemble", "installed_packs"]

_log = get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class Platform:
    """Every room, put together and ready to `start`."""

    settings: Settings
    home: Home
    database: Database
    signals: Signals
    queue: Queue
    policy: Policy
    standing: Standing
    audit: Audit
    principals: Principals
    directory: Directory
    sessions: Sessions
    accounts: Accounts
    sso: Sso
    keys: Keys
    secrets: Secrets
    usage: Usage
    budgets: Budgets
    ledger: Ledger
    assistants: Assistants
    conversations: Conversations
    approvals: Approvals
    runs: Runs
    readings: Readings
    webhooks: Webhooks
    doorway: Doorway
    decisions: Decisions
    policies: Policies
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
        self.runs.stream.listen()
        self.signals.start()
        self.standing.start()
        self.gateway.start()
        self.deployments.start()
        publish = partial(publish_heads, self.audit, self._closing)
        rewrap = self.secrets.rewrap_rest
        forget = partial(Recorder.forget, self.database, self._closing)
        background = {"warm-up": self._warm_up, "audit-heads": publish, "vault": rewrap, "old-decisions": forget}
        for name, work_on in background.items():
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

    def runs_under_way(self) -> int:
        """Return how many runs this process moves on now."""
        return self.worker.under_way(RUN_TASK)

    def stop(self) -> None:
        """Stop the workers and the engine; runs that were under way go on at the next start."""
        self._closing.set()
        self.runner.stop()
        for thread in self._background:
            thread.join(timeout=5.0)
        self.worker.stop(seconds=5.0)
        self.worker.close()
        self.signals.stop()
        self.standing.stop()
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
            self._tell_all(work, "demo::reset")
        for pack in self.packs.values():
            pack.reset()

    def renew_vault_key(self) -> Rewrapping:
        """Make a new key of the vault and wrap everything by it; every trail has that it was asked for."""
        with self.database.writing(None) as work:
            self._tell_all(work, "secrets::renew-key")
        return self.secrets.renew_key()

    def _tell_all(self, work: Work, action: str) -> None:
        """Write into the trail of every organisation what the operator does to the installation."""
        entry = Entry(action=action, resource="installation", decision="allow", rules=["jindou.local-operator"])
        for organisation in self.directory.organisations.list_organisations(work):
            self.audit.append(work, organisation.id, actor=OPERATOR, on_behalf_of=OPERATOR, entry=entry)

    def _warm_up(self) -> None:
        """Have the model read each assistant's instructions, then let the workers begin: they would wait for it."""
        try:
            for assistant in self.assistants.list_assistants():
                tools = self.doorway.schemas_of(assistant)
                warm_up(self.engine, assistant.instructions, tools, self._closing.is_set)
        except JindouError as error:
            _log.warning("the model was not warmed up", extra={"fields": {"error": error.message}})
        if not self._closing.is_set():
            self.worker.start()


def assemble(settings: Settings, home: Home, models: LocalModels, model: str, clock: Clock | None = None) -> Platform:
    """Put the rooms together on a prepared and locked home; everybody has `model`, one of the local `models`."""
    ground = lay_ground(settings, home, clock)
    prices = open_prices(settings, home)
    usage = Usage(prices.book, ground.policy, ground.audit, ground.name_of)
    deployments = deployments_of(ground, settings, home, models, model)
    ledger = open_ledger(ground, usage)
    parts = open_parts(ground, settings, home, model, deployments=deployments, usage=usage)
    decisions = _decisions(ground, parts)
    runner, runs = Runner(parts), Runs(parts, ground.policy, settings.message_max_chars)
    sessions = Sessions(ground.principals, ground.audit, settings.sign_in_hours, settings.session_hours)
    accounts = _accounts(ground, sessions, settings.passkey_origin)
    directory = _directory(ground, settings, (sessions.close_all, accounts.depart), runs, parts.approvals)
    return Platform(
        settings=settings,
        home=home,
        database=ground.database,
        signals=ground.signals,
        queue=ground.queue,
        policy=ground.policy,
        standing=ground.standing,
        audit=ground.audit,
        principals=ground.principals,
        directory=directory,
        sessions=sessions,
        accounts=accounts,
        sso=_sso(ground, settings, directory, sessions),
        keys=ground.keys,
        secrets=ground.secrets,
        usage=usage,
        budgets=_budgets(ground, usage, parts.assistants),
        ledger=ledger,
        assistants=parts.assistants,
        conversations=parts.conversations,
        approvals=parts.approvals,
        runs=runs,
        webhooks=open_webhooks(ground, settings),
        readings=Readings(ground.policy, ground.audit, ground.principals, parts.conversations, runs),
        doorway=parts.doorway,
        decisions=decisions,
        policies=_policies(ground, decisions, parts.assistants),
        deployments=deployments,
        engine=deployments.engine("", model),
        model=model,
        gateway=_gateway(ground, settings, home, deployments, ledger=ledger, prices=prices),
        models=_models(ground, settings, home, deployments),
        packs=ground.opened,
        runner=runner,
        worker=open_worker(ground, settings, runner, parts.approvals, ledger),
    )


def _accounts(ground: Ground, sessions: Sessions, origin: str) -> Accounts:
    """Return the accounts, whose secrets the vault's key wraps: it has to be there, and a new one rewraps them.

    Raises:
        TotpKeyMissing: it is not there.
    """
    accounts = Accounts(
        ground.database,
        ground.policy,
        ground.audit,
        principals=ground.principals,
        sessions=sessions,
        keys=ground.vault_keys,
        origin=origin,
    )
    with ground.database.reading(None) as work:
        accounts.factors.require_keys(work)
    ground.secrets.follow(accounts.factors)
    return accounts


def _decisions(ground: Ground, parts: Parts) -> Decisions:
    return Decisions(
        ground.policy, parts.doorway, parts.approvals, assistants=parts.assistants, principals=ground.principals
    )


def _directory(
    ground: Ground, settings: Settings, signed_in: Sequence[Departure], runs: Runs, approvals: Approvals
) -> Directory:
    # Links before runs, and runs before approvals: in the order in which whoever decides, and workers, lock them.
    departures = (
        approvals.links.end_all,
        *signed_in,
        ground.keys.revoke_all,
        ground.secrets.revoke_all,
        runs.depart,
        approvals.depart,
    )
    return Directory(
        ground.policy,
        ground.audit,
        ground.principals,
        departures=departures,
        removals=(Sso.forget,),
        mapped=settings.scim_roles,
    )


def _policies(ground: Ground, decisions: Decisions, assistants: Assistants) -> Policies:
    checker = Checker(ground.policy, decisions, assistants, ground.principals)
    return Policies(
        ground.policy,
        ground.standing,
        ground.audit,
        principals=ground.principals,
        checker=checker,
        name_of=ground.name_of,
    )


def _sso(ground: Ground, settings: Settings, directory: Directory, sessions: Sessions) -> Sso:
    return Sso(
        ground.database,
        policy=ground.policy,
        audit=ground.audit,
        directory=directory,
        sessions=sessions,
        keeper=ground.secrets,
        public_url=settings.browser_url,
        private=settings.sso_private,
    )


def _budgets(ground: Ground, usage: Usage, assistants: Assistants) -> Budgets:
    def find_bound(work: Work, scope: str, scope_id: str) -> Bound:
        if scope == "organisation":
            return Bound(ground.principals.organisation_name(work, scope_id))
        if scope == "person":
            return Bound(ground.principals.get(work, scope_id).name, scope_id)
        if scope == "key":
            return Bound(*ground.keys.owner(work, scope_id))
        return Bound(assistants.get(scope_id).slug)

    return Budgets(ground.policy, ground.audit, usage.currency, find_bound, usage.attempts.tally)


def _models(ground: Ground, settings: Settings, home: Home, deployments: Deployments) -> Models:
    catalogue = open_catalogue(settings, home, deployments.served)
    return Models(catalogue, ground.policy, ground.audit, ground.database.clock, deployments)


def _gateway(
    ground: Ground, settings: Settings, home: Home, deployments: Deployments, *, ledger: Ledger, prices: PriceWatch
) -> Gateway:
    clock = ground.database.clock
    embeddings = open_embeddings(settings, home, deployments, ledger, clock, here=True)
    ground.keys.know(lambda work, org_id: deployments.names(work, org_id) | set(embeddings.names))
    return Gateway(
        clock=clock,
        metrics=ground.metrics,
        spans=ground.spans,
        keys=KeyRing(ground.database, ground.keys),
        prices=prices,
        ledger=ledger,
        completions=Completions(ground.database, deployments, ledger),
        embeddings=embeddings,
    )
