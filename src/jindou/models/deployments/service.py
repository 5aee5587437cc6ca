"""The deployments of every organisation, and the way from a model's name to an engine."""

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

from sqlalchemy import select

from jindou.db import Database, Work
from jindou.errors import Conflict, JindouError, NotFound
from jindou.identity.audit import Audit, Entry
from jindou.identity.policy import Policy, Resource
from jindou.identity.principals import Principal
from jindou.models.deployments.credentials import Credentials
from jindou.models.deployments.picked import Picked
from jindou.models.deployments.routed import RoutedEngine
from jindou.models.deployments.routing import Lanes, choose
from jindou.models.deployments.shelf import Shelf, deployment_of
from jindou.models.deployments.tables import DeploymentRow
from jindou.models.deployments.targets import Targets
from jindou.models.deployments.types import Deployment, DeploymentAsk, EngineView, Member, ModelNotFound
from jindou.models.engines import Engine, EngineHealth, EngineRequest
from jindou.models.serving import Models
from jindou.telemetry import get_logger

__all__ = ["Deployments", "prefix_of"]

_MOST: Final = 200
_LOAD_SECONDS: Final = 180.0
_log = get_logger(__name__)


class DeploymentExists(Conflict):
    """There is one of that name."""

    code = "deployment_exists"


class TooManyDeployments(Conflict):
    """The organisation has as many as any may have."""

    code = "too_many_deployments"


class StandingDeployment(Conflict):
    """The settings give it to everybody, so nobody can take it away."""

    code = "standing_deployment"


class Deployments:
    """Every deployment, and the engines behind them, seen from one process.

    What is `standing` is everybody's. What an organisation has made is read from the database. Both are kept for two
    seconds. The models of this machine have a context of `context_tokens`.
    """

    def __init__(
        self,
        database: Database,
        *,
        policy: Policy,
        audit: Audit,
        models: Models,
        credentials: Credentials,
        standing: Callable[[], Deployment | None] = lambda: None,
        context_tokens: int = 8192,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.models = models
        self._context_tokens = context_tokens
        self._policy = policy
        self._audit = audit
        self._shelf = Shelf(database, standing, monotonic)
        self._targets = Targets(models, credentials)
        self._lanes = Lanes(monotonic)

    def start(self) -> None:
        """Bring up the model that the settings name.

        Raises:
            EngineUnavailable: it does not come up.
        """
        self.models.start()
        for deployment in self._shelf.standing.values():
            for member in deployment.members:
                if member.is_local:
                    self.models.load(member.model, _LOAD_SECONDS)

    def load(self, model: str, seconds: float) -> None:
        """Wait until a model of this machine is at work.

        Raises:
            EngineUnavailable: it is not in `seconds`.
        """
        self.models.load(model, seconds)

    def stop(self) -> None:
        """End the models of this machine."""
        self.models.stop()

    def list(self, org_id: str) -> Sequence[Deployment]:
        """Return the deployments of an organisation, by name; they are kept in memory, so this waits once."""
        found = self._shelf.of(org_id)
        return [found[name] for name in sorted(found)]

    def names(self, work: Work, org_id: str) -> set[str]:
        """Return the names of an organisation's deployments, as a unit of work sees them."""
        return set(self._shelf.now(work, org_id))

    def get(self, org_id: str, name: str) -> Deployment:
        """Return a deployment.

        Raises:
            ModelNotFound: there is none of that name; the message says which there are.
        """
        found = self._shelf.of(org_id)
        deployment = found.get(name)
        if deployment is None:
            there = ", ".join(f"`{known}`" for known in sorted(found)) or "none"
            raise ModelNotFound(f"There is no model `{name[:120]}` here; there is {there}.")
        return deployment

    def most_prompt(self, deployment: Deployment) -> int | None:
        """Return the tokens of the longest prompt that its engines take; None if one of them is somebody else's."""
        is_ours = all(member.is_local for member in deployment.members)
        return max(self._context_tokens, deployment.context_tokens) if is_ours else None

    def pick(self, org_id: str, name: str, prefix: int = 0, tried: Collection[str] = ()) -> Picked:
        """Choose an engine, not one of the `tried` ids. Does not wait.

        Requests with the same `prefix` (see `prefix_of`; 0 is none) go to the same engine, unless it is clearly busier.

        Raises:
            ModelNotFound: as `get` says.
            EnginesBusy: those that are left have as much to do as they may have.
            EngineUnavailable: none is left.
        """
        deployment = self.get(org_id, name)
        failure: JindouError | None = None
        left = list(tried)
        while True:
            try:
                member, lane = choose(deployment, self._lanes, prefix, left)
            except JindouError as error:
                raise failure or error from None
            try:
                target = self._targets.of(member)
            except JindouError as error:
                # Its key or its file is not in order; another engine may be.
                lane.failed(error)
                failure = error
                left.append(member.engine_id)
                continue
            return Picked(member, lane.enter(member.at_once), target, prefix)

    def engine(self, org_id: str, name: str) -> Engine:
        """Return the deployment as one engine: it falls back, and tries again only before the first token.

        Its `FinalChunk` says which engine answered, and by which SKU it is billed.
        """

        def first() -> Engine:
            members = sorted(self.get(org_id, name).members, key=lambda member: member.rank)
            return self._targets.of(members[0]).engine

        return RoutedEngine(lambda prefix, tried: self.pick(org_id, name, prefix, tried), first)

    def engines(self, work: Work, who: Principal) -> Sequence[EngineView]:
        """Return how each engine of the organisation's deployments is.

        Raises:
            Forbidden: a rule says no.
        """
        self._require(who, "deployments::read")
        return self._views(self._shelf.now(work, who.org_id))

    def look(self, org_id: str) -> Sequence[EngineView]:
        """Return the same for the platform's own figures, as far as this process knows the deployments."""
        return self._views(self._shelf.of(org_id))

    def may_manage(self, who: Principal) -> bool:
        """Say whether `who` may change what there is."""
        decision = self._policy.decide(who, "deployments::manage", Resource("Organisation", who.org_id), {})
        return decision.verb == "allow"

    def create(self, work: Work, who: Principal, ask: DeploymentAsk) -> Deployment:
        """Make a deployment.

        Raises:
            Forbidden: a rule says no.
            DeploymentExists: there is one of that name.
            TooManyDeployments: the organisation has 200.
        """
        rules = self._require(who, "deployments::manage")
        rows = self._rows(work)
        if ask.name in rows:
            raise DeploymentExists(f"There is a deployment `{ask.name}`; update it or choose another name.")
        if len(rows) >= _MOST:
            raise TooManyDeployments(f"There are {_MOST} deployments; delete one that is not used any more.")
        now = work.now()
        row = DeploymentRow(
            id=work.new_id("dep"),
            org_id=who.org_id,
            name=ask.name,
            context_tokens=ask.context_tokens,
            members=_stored(ask),
            created_at=now,
            updated_at=now,
        )
        work.session.add(row)
        self._tell(work, who, "deployments::create", row, rules)
        return deployment_of(row)

    def update(self, work: Work, who: Principal, name: str, ask: DeploymentAsk) -> Deployment:
        """Give a deployment other members, another context or another name; requests under way go on.

        Raises:
            Forbidden: a rule says no.
            ModelNotFound: there is none of that name.
            DeploymentExists: its new name is another one's.
        """
        rules = self._require(who, "deployments::manage")
        row = self._row(work, name)
        if ask.name != name and ask.name in self._rows(work):
            raise DeploymentExists(f"There is a deployment `{ask.name}`; choose another name.")
        row.name, row.context_tokens, row.members = ask.name, ask.context_tokens, _stored(ask)
        row.updated_at = work.now()
        self._tell(work, who, "deployments::update", row, rules)
        return deployment_of(row)

    def delete(self, work: Work, who: Principal, name: str) -> None:
        """Take a deployment away; requests under way go on.

        Raises:
            Forbidden: a rule says no.
            ModelNotFound: there is none of that name.
            StandingDeployment: the settings give it.
        """
        rules = self._require(who, "deployments::manage")
        row = self._row(work, name)
        work.session.delete(row)
        self._tell(work, who, "deployments::delete", row, rules)

    def serve(self, work: Work, who: Principal, model: str) -> Deployment:
        """Give everybody a model of this machine, under its own name; it is loaded once the work is committed.

        Raises:
            Forbidden: a rule says no.
            EngineUnavailable: it can't be had here.
        """
        self._require(who, "deployments::manage")
        member = Member(model=model)
        self._targets.of(member)
        known = self._shelf.now(work, who.org_id).get(model)
        if known is None:
            ask = DeploymentAsk(name=model, members=(member,), context_tokens=self._context_tokens)
            known = self.create(work, who, ask)
        work.after_commit(lambda: self._load_soon(model))
        return known

    def retire(self, work: Work, who: Principal, model: str) -> None:
        """Take back what `serve` gave, and end the model once nobody has it and nothing is under way.

        A standing one, which everybody has, is ended until somebody asks it.

        Raises:
            Forbidden: a rule says no.
        """
        self._require(who, "deployments::manage")
        if model in self._rows(work):
            self.delete(work, who, model)
        work.after_commit(lambda: self._unload(model))

    def served(self) -> frozenset[str]:
        """Return the models of this machine that somebody has, at work or not."""
        return self._shelf.served()

    def serves(self, org_id: str, model: str, work: Work | None = None) -> bool:
        """Say whether an organisation has a model of that name: as `work` sees it, or as it was some seconds ago."""
        return model in (self._shelf.of(org_id) if work is None else self._shelf.now(work, org_id))

    def _views(self, deployments: Mapping[str, Deployment]) -> Sequence[EngineView]:
        members = {m.engine_id: m for deployment in deployments.values() for m in deployment.members}
        return [self._view(member) for _, member in sorted(members.items())]

    def _view(self, member: Member) -> EngineView:
        lane = self._lanes.of(member)
        try:
            health = self._targets.of(member).engine.health()
        except JindouError as error:
            health = EngineHealth(state="unreachable", model=member.model)
            _log.info("engine can't be had", extra={"fields": {"engine": member.engine_id, "error": error.message}})
        return EngineView(
            engine=member.engine_id,
            state=health.state,
            breaker=lane.state,
            under_way=lane.load - lane.waiting,
            waiting=lane.waiting,
            rss_bytes=health.rss_bytes,
            restarts=health.restarts,
        )

    def _unload(self, model: str) -> None:
        if model in self._shelf.standing or model not in self._shelf.served():
            self.models.unload(model)

    def _load_soon(self, model: str) -> None:
        def load() -> None:
            try:
                self.models.load(model, _LOAD_SECONDS)
            except JindouError as error:
                _log.warning("model not loaded", extra={"fields": {"model": model, "error": error.message}})

        threading.Thread(target=load, name="model-load", daemon=True).start()

    def _rows(self, work: Work) -> dict[str, DeploymentRow]:
        return {row.name: row for row in work.session.scalars(select(DeploymentRow))}

    def _row(self, work: Work, name: str) -> DeploymentRow:
        row = self._rows(work).get(name)
        if row is not None:
            return row
        if name in self._shelf.standing:
            raise StandingDeployment(f"`{name}` is given by the settings; create one of that name to replace it.")
        raise NotFound("No such deployment.")

    def _require(self, who: Principal, action: str) -> Sequence[str]:
        decision = self._policy.require(who, action, Resource("Organisation", who.org_id), {})
        return [rule.id for rule in decision.rules]

    def _tell(self, work: Work, who: Principal, action: str, row: DeploymentRow, rules: Sequence[str]) -> None:
        engines = [f"{member['engine']}/{member['model']}" for member in row.members]
        detail: dict[str, object] = {"name": row.name, "engines": engines}
        entry = Entry(action=action, resource=row.id, decision="allow", rules=[*rules], detail=detail)
        self._audit.append(work, who.org_id, actor=who.actor, on_behalf_of=who.person_id, entry=entry)
        work.after_commit(lambda: self._shelf.forget(who.org_id))


def prefix_of(messages: Sequence[Mapping[str, object]], tools: Sequence[Mapping[str, object]] = ()) -> int:
    """Return a number for what a conversation begins with: its system messages and tools. 0 if it has neither."""
    return EngineRequest(messages=messages, tools=tools).prefix


def _stored(ask: DeploymentAsk) -> list[object]:
    return [member.model_dump(mode="json") for member in ask.members]
