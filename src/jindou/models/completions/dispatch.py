"""Requests: each is written down before the engine hears of it, and settled before the client hears the end."""

import threading
import time
from datetime import datetime

from jindou.billing.usage import Attempts, Opening, Quantities
from jindou.db import Database
from jindou.errors import Limited
from jindou.identity.keys import KeyHolder, Keys
from jindou.identity.policy import Policy, Resource
from jindou.models.completions.counting import CountingEngine
from jindou.models.completions.plan import Plan, plan_of
from jindou.models.completions.request import ChatRequest
from jindou.models.completions.types import (
    Done,
    Event,
    Failed,
    ModelNotAllowed,
    ModelNotFound,
    ServedModel,
    Tell,
    Ticket,
)
from jindou.models.completions.writing import write
from jindou.models.engines import Engine
from jindou.telemetry import get_logger

__all__ = ["Completions"]

_MOST_AT_ONCE = 64
_DRAIN_SECONDS = 30.0
_log = get_logger(__name__)


class Completions:
    """The one model of this installation, asked by programs."""

    def __init__(
        self,
        database: Database,
        *,
        attempts: Attempts,
        policy: Policy,
        keys: Keys,
        engine: Engine,
        model: ServedModel,
    ) -> None:
        self._database = database
        self._attempts = attempts
        self._policy = policy
        self._keys = keys
        self._engine = engine
        self._model = model
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._threads: set[threading.Thread] = set()

    def list_models(self, holder: KeyHolder) -> list[ServedModel]:
        """Return the models that a key is good for."""
        return [self._model] if holder.may_use(self._model.name) else []

    def get_model(self, holder: KeyHolder, name: str) -> ServedModel:
        """Return a model.

        Raises:
            ModelNotFound: there is none of that name.
            ModelNotAllowed: the key is not for it.
        """
        if name != self._model.name:
            raise ModelNotFound(f"There is no model `{name[:120]}` here; there is `{self._model.name}`.")
        if not holder.may_use(name):
            raise ModelNotAllowed(f"This key is not for the model `{name}`.", rules=["jindou.key-models"])
        return self._model

    def start(self, holder: KeyHolder, request: ChatRequest, tell: Tell, is_left: threading.Event) -> Ticket:
        """Begin a completion and return at once; `tell` hears of it from another thread, the end in any case.

        Set `is_left` once nobody listens. What is used is metered all the same.

        Raises:
            ModelNotFound, ModelNotAllowed: as `get_model` says.
            Invalid: the request can't be carried out.
            Forbidden: a rule says no.
            Limited: too many are under way.
        """
        self.get_model(holder, request.model)
        self._policy.require(holder.who, "completions::create", Resource("Organisation", holder.who.org_id), {})
        plan = plan_of(request, self._model.context_tokens)
        with self._lock:
            if len(self._threads) >= _MOST_AT_ONCE or self._stopping.is_set():
                raise Limited(f"{_MOST_AT_ONCE} completions are under way; try again.", retry_after=1.0)
            thread = threading.Thread(name="completion", target=lambda: self._run(holder, ticket, plan, tell, is_left))
            self._threads.add(thread)
        try:
            ticket = self._open(holder, plan)
            thread.start()
        except BaseException:
            self._forget(thread)
            raise
        return ticket

    def stop(self, seconds: float) -> None:
        """Give those under way `seconds` to end, then break them off; what they used is unknown then, and held."""
        deadline = time.monotonic() + seconds
        while self._under_way() and time.monotonic() < deadline:
            time.sleep(0.05)
        self._stopping.set()
        for thread in self._under_way():
            thread.join(timeout=2.0)

    def _open(self, holder: KeyHolder, plan: Plan) -> Ticket:
        worst = plan.worst(self._model.context_tokens)
        with self._database.writing(holder.who.org_id) as work:
            now: datetime = work.now()
            opening = Opening(
                org_id=holder.who.org_id,
                person_id=holder.who.person_id,
                key_id=holder.key_id,
                skus=(f"model:{self._model.name}",),
                deployment=self._model.name,
                worst=worst,
            )
            admission = self._attempts.open(work, opening)
            self._keys.note_use(work, [holder.key_id])
        return Ticket(admission.attempt_id, self._model.name, now)

    def _run(self, holder: KeyHolder, ticket: Ticket, plan: Plan, tell: Tell, is_left: threading.Event) -> None:
        engine = CountingEngine(
            self._engine,
            plan.sampling,
            is_left=is_left.is_set,
            must_end=self._stopping.is_set,
            drain_seconds=_DRAIN_SECONDS,
        )
        try:
            tell(self._settled(holder.who.org_id, ticket, plan, engine, tell))
        finally:
            self._forget(threading.current_thread())

    def _settled(self, org_id: str, ticket: Ticket, plan: Plan, engine: CountingEngine, tell: Tell) -> Event:
        """Make the completion, write down what it used, and only then say that it is over."""
        end: Event
        try:
            reason = write(engine, plan, ticket.id, tell)
            end = Done(reason, engine.used)
        except Exception as error:  # noqa: BLE001 - whatever it was, what was used up to there has to be written down
            end = Failed(error)
        try:
            self._close(org_id, ticket, engine, str(end.error) if isinstance(end, Failed) else "")
        except Exception as error:  # noqa: BLE001 - the client is told of the end in any case
            used = {"attempt": ticket.id, "prompt": engine.used.prompt, "completion": engine.used.completion}
            _log.exception("attempt not settled", extra={"fields": used})
            end = Failed(error)
        return end

    def _close(self, org_id: str, ticket: Ticket, engine: CountingEngine, reason: str) -> None:
        used = engine.used
        with self._database.writing(org_id) as work:
            if not engine.is_known:
                self._attempts.lose(work, ticket.id, reason)
            elif not used.prompt and not used.completion:
                self._attempts.void(work, ticket.id, reason)
            else:
                quantities = Quantities(
                    input_tokens=used.prompt - used.cached, cached_tokens=used.cached, output_tokens=used.completion
                )
                self._attempts.settle(work, ticket.id, quantities)

    def _under_way(self) -> list[threading.Thread]:
        with self._lock:
            return list(self._threads)

    def _forget(self, thread: threading.Thread) -> None:
        with self._lock:
            self._threads.discard(thread)
