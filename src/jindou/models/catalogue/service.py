"""Models for everybody who is signed in to see, and for managers to fetch and to remove."""

import threading
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from jindou.db import Work
from jindou.errors import Invalid, JindouError, NotFound
from jindou.identity.audit import Audit, Entry
from jindou.identity.policy import Policy, Resource
from jindou.identity.principals import Principal
from jindou.models.catalogue.catalogue import Catalogue
from jindou.models.catalogue.types import ModelEntry, ModelInUse, ModelUnavailable, Progress, PullStopped
from jindou.models.catalogue.wire import Model, Pull, PullState
from jindou.telemetry import Clock, get_logger

__all__ = ["Models"]

_log = get_logger(__name__)


class NoPull(NotFound):
    """Nothing is or was pulled under that name since the server started."""

    code = "no_pull"


class ModelDoesNotAnswer(Invalid):
    """A model that embeds or ranks texts was to be served."""

    code = "model_does_not_answer"


class Serving(Protocol):
    """What makes models answer under their names, and stop."""

    def serves(self, org_id: str, name: str, work: Work | None = None, /) -> bool:
        """Say whether `name` answers in an organisation: as `work` sees it, or as it was some seconds ago."""
        ...

    def serve(self, work: Work, who: Principal, name: str, /) -> object:
        """Have the local model `name`, whose file is here, answer from now on."""
        ...

    def retire(self, work: Work, who: Principal, name: str, /) -> object:
        """Have it answer no more."""
        ...


class Models:
    """The catalogue behind the policy. Pulls go on in the background, one a model, and can be asked about."""

    def __init__(self, catalogue: Catalogue, policy: Policy, audit: Audit, clock: Clock, serving: Serving) -> None:
        self._serving = serving
        self.catalogue = catalogue
        self._policy = policy
        self._audit = audit
        self._clock = clock
        self._jobs: dict[str, _Job] = {}
        self._lock = threading.Lock()

    def may_manage(self, who: Principal) -> bool:
        """Say whether somebody may fetch, serve, stop and remove models."""
        return self._policy.decide(who, "models::manage", Resource("Organisation", who.org_id), {}).verb == "allow"

    def list_models(self, who: Principal) -> list[Model]:
        """Return every model, the smallest first."""
        self._require(who, "models::read")
        return [self._show(who, entry) for entry in self.catalogue.list_entries()]

    def get(self, who: Principal, name: str, *, context_tokens: int = 0, slots: int = 0) -> Model:
        """Return a model; whether it fits is counted for a context and slots, those of the settings if none are named.

        Raises:
            UnknownModel: there is none of that name.
        """
        self._require(who, "models::read")
        return self._show(who, self.catalogue.get(name), context_tokens=context_tokens, slots=slots)

    def pull(self, work: Work, who: Principal, name: str) -> Pull:
        """Begin to fetch a model, unless that is under way; return how far it is.

        Raises:
            UnknownModel: there is none of that name.
            Forbidden: they may not.
        """
        rules = self._require(who, "models::manage")
        entry = self.catalogue.get(name)
        with self._lock:
            job = self._jobs.get(name)
            if job is None or not job.alive:
                job = self._jobs[name] = _Job(self.catalogue, entry, self._clock)
                job.start()
                self._tell(work, who, "models::pull", name, rules)
        return job.told()

    def get_pull(self, who: Principal, name: str) -> Pull:
        """Return how far the last pull of a model is.

        Raises:
            NoPull: there was none since the server started.
        """
        self._require(who, "models::read")
        job = self._jobs.get(name)
        if job is None:
            raise NoPull(f"No pull of {name!r} was begun since the server started.")
        return job.told()

    def stop_pull(self, work: Work, who: Principal, name: str) -> Pull:
        """Stop a pull; what came is kept, and the next one goes on from there.

        Raises:
            NoPull: there was none since the server started.
            Forbidden: they may not.
        """
        rules = self._require(who, "models::manage")
        told = self.get_pull(who, name)
        if told.state == "running":
            self._jobs[name].stopping.set()
            self._tell(work, who, "models::stop-pull", name, rules)
        return told

    def serve(self, work: Work, who: Principal, name: str) -> Model:
        """Have a model answer under its name, until it is stopped.

        Raises:
            UnknownModel: there is none of that name.
            ModelUnavailable: its file is not here.
            ModelDoesNotAnswer: it embeds or ranks texts.
            Forbidden: they may not.
        """
        rules = self._require(who, "models::manage")
        model = self._show(who, self.catalogue.get(name))
        if not model.answers:
            told = f"{model.title} writes no answers, so it can't be served: its kind is {model.kind}."
            raise ModelDoesNotAnswer(told, field="model", rule="chat or coder")
        if model.state != "here":
            raise ModelUnavailable(f"{model.title} is not here yet: `jindou models pull {name}`.")
        if not self._serving.serves(who.org_id, name, work):
            self._serving.serve(work, who, name)
            self._tell(work, who, "models::serve", name, rules)
        return model.model_copy(update={"served": True})

    def stop_serving(self, work: Work, who: Principal, name: str) -> None:
        """Have a model answer no more; its file stays.

        Raises:
            UnknownModel: there is none of that name.
            Forbidden: they may not.
        """
        rules = self._require(who, "models::manage")
        self.catalogue.get(name)
        if self._serving.serves(who.org_id, name, work):
            self._serving.retire(work, who, name)
            self._tell(work, who, "models::stop", name, rules)

    def remove(self, work: Work, who: Principal, name: str) -> None:
        """Remove a model's file, and its entry if somebody added it.

        Raises:
            UnknownModel: there is none of that name.
            ModelInUse: it is served, or being fetched.
            Forbidden: they may not.
        """
        rules = self._require(who, "models::manage")
        job = self._jobs.get(name)
        if job is not None and job.alive:
            raise ModelInUse(f"{name} is being fetched; stop that first.")
        self.catalogue.remove(name)
        self._tell(work, who, "models::remove", name, rules)

    def stop(self) -> None:
        """End the pulls that are under way; the next ones go on from there."""
        for job in list(self._jobs.values()):
            job.stopping.set()

    def _show(self, who: Principal, entry: ModelEntry, *, context_tokens: int = 0, slots: int = 0) -> Model:
        """Return a model as their organisation sees it: others may serve it, too."""
        shown = self.catalogue.show(entry, context_tokens=context_tokens, slots=slots)
        return shown.model_copy(update={"served": self._serving.serves(who.org_id, entry.name)})

    def _require(self, who: Principal, action: str) -> list[str]:
        decision = self._policy.require(who, action, Resource("Organisation", who.org_id), {})
        return [rule.id for rule in decision.rules]

    def _tell(self, work: Work, who: Principal, action: str, name: str, rules: list[str]) -> None:
        entry = Entry(action=action, resource=name, decision="allow", rules=rules, detail={})
        self._audit.append(work, who.org_id, actor=who.actor, on_behalf_of=who.person_id, entry=entry)


@dataclass(frozen=True, slots=True)
class _Step:
    state: PullState
    progress: Progress
    error: str = ""
    finished_at: datetime | None = None


class _Job:
    """A pull in a thread of its own."""

    def __init__(self, catalogue: Catalogue, entry: ModelEntry, clock: Clock) -> None:
        self.stopping = threading.Event()
        self._entry = entry
        self._clock = clock
        self._started_at = clock.now()
        self._step = _Step("running", Progress("", 0, entry.bytes))
        self._thread = threading.Thread(target=self._run, args=(catalogue,), name=f"pull-{entry.name}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether it is under way."""
        return self._step.state == "running"

    def told(self) -> Pull:
        """Return how far it is."""
        step = self._step
        return Pull(
            model=self._entry.name,
            state=step.state,
            source=step.progress.source,
            done_bytes=step.progress.done,
            total_bytes=step.progress.total,
            error=step.error,
            started_at=self._started_at,
            finished_at=step.finished_at,
        )

    def _run(self, catalogue: Catalogue) -> None:
        try:
            catalogue.pull(self._entry, self._report)
        except PullStopped as error:
            self._end("stopped", error.message)
        except JindouError as error:
            self._end("failed", error.message)
        except Exception as error:  # noqa: BLE001 - whoever asks has to be told that it is over
            _log.warning("pull failed", extra={"fields": {"error": repr(error)}})
            self._end("failed", f"{type(error).__name__}: {error}")
        else:
            self._end("done", "")

    def _report(self, progress: Progress) -> None:
        if self.stopping.is_set():
            raise PullStopped(f"The pull of {self._entry.title} was stopped; the next one goes on from there.")
        self._step = replace(self._step, progress=progress)

    def _end(self, state: PullState, error: str) -> None:
        self._step = _Step(state, self._step.progress, error, self._clock.now())
