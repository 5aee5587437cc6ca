"""Writing the journal: every change of a run or a step goes with its event, in one transaction."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from pydantic import BaseModel
from sqlalchemy import ColumnElement, bindparam

from jindou.agents.runs.queries import step_data
from jindou.agents.runs.stream import Stream
from jindou.agents.runs.tables import RunEventRow, RunRow, StepRow
from jindou.agents.runs.types import EventType, RunEvent, StepStatus
from jindou.billing.pricing import Money
from jindou.billing.usage import Opening, Quantities, Usage
from jindou.db import Query, Work
from jindou.durable.signals import Signals
from jindou.telemetry import Metrics, Spans, Timed

__all__ = ["Journal"]

_ASKING = frozenset({"model", "compaction"})
"""The kinds of step that ask a model."""

_STATUSES = {"done": 200, "superseded": 400, "interrupted": 499, "cancelled": 499}
"""What a model call counts as: it came, did not fit, or was broken off by who asked; all else failed."""

_RESUMED = Query(
    RunEventRow,
    RunEventRow.run_id == bindparam("run_id"),
    RunEventRow.type == "run.resumed",
    order_by=cast("ColumnElement[int]", RunEventRow.seq),
)

_MESSAGE = {"en": "Message", "zh": "消息"}


class Journal:
    """Writes steps and events, meters them, and tells the stream once they are durable.

    `version` grows when a journal may have what the version before can't go on from: a run that a newer worker has had
    is left to newer workers.
    """

    version = 3

    def __init__(self, signals: Signals, usage: Usage, metrics: Metrics, spans: Spans) -> None:
        self.stream = Stream(signals)
        self._usage = usage
        self._metrics = metrics
        self._spans = spans

    @property
    def currency(self) -> str:
        """The ISO 4217 currency of every cost."""
        return self._usage.currency

    def event(self, work: Work, run: RunRow, kind: EventType, data: Mapping[str, object]) -> None:
        """Append an event to the stream of a run whose row this transaction has locked, or made."""
        run.last_event += 1
        plain = {name: _plain(value) for name, value in data.items()}
        told: dict[str, Any] = {"run_id": run.id, "seq": run.last_event, "type": kind, "at": work.now(), "data": plain}
        work.new(RunEventRow, org_id=run.org_id, **told)
        self.stream.keep(work, run.id, lambda: RunEvent.model_validate(told))

    def begin_step(
        self, work: Work, run: RunRow, *, kind: str, name: str, title: dict[str, str], request: dict[str, Any]
    ) -> StepRow:
        """Write a step before it is done."""
        run.steps += 1
        step = _step(work, run, kind=kind, name=name, title=title, request=request)
        self.event(work, run, "step.started", {"step": step_data(step)})
        return step

    def begin_again(self, work: Work, run: RunRow, step: StepRow) -> None:
        """Write that a step which never ended is done once more; who watches drops the older attempt's text."""
        step.attempt += 1
        step.status, step.started_at, step.finished_at = "started", work.now(), None
        self.event(work, run, "run.notice", {"code": "attempt_restarted", "params": {"attempt": step.attempt}})
        self.event(work, run, "step.started", {"step": step_data(step)})

    def end_step(self, work: Work, run: RunRow, step: StepRow, status: StepStatus, response: dict[str, Any]) -> None:
        """Write how a step ended."""
        was_told = step.status == "interrupted"
        step.status = status
        step.response = response
        step.finished_at = work.now()
        self.event(work, run, "step.finished", {"step": step_data(step), "run_cost": _cost(run)})
        if not was_told:
            work.after_commit(lambda: _tell_step(self._metrics, self._spans, step))

    def end_late(self, work: Work, run: RunRow, step: StepRow, response: dict[str, Any]) -> None:
        """Write what became of a step that the run did not wait for."""
        step.response = response
        self.event(work, run, "step.late", {"step": step_data(step), "run_cost": _cost(run)})

    def say(self, work: Work, run: RunRow, text: str, by: str) -> StepRow:
        """Write what a person tells a run that is under way; the model reads it before its next step."""
        run.steps += 1
        step = _step(work, run, kind="message", name=by, title=_MESSAGE, request={"by": by})
        step.status, step.response, step.finished_at = "done", {"text": text}, step.started_at
        self.event(work, run, "step.finished", {"step": step_data(step), "run_cost": _cost(run)})
        return step

    def control(self, work: Work, run: RunRow, verb: str, by: str, **further: object) -> None:
        """Write what a person wants of a run."""
        self.event(work, run, "run.control", {"verb": verb, "by": by, **further})

    def end_run(self, work: Work, run: RunRow) -> None:
        """Tell whoever watches from outside that a run is over, or over again where it was tried again."""
        if self._spans.is_on:
            resumed = work.fetch(_RESUMED, run_id=run.id)
            began = [run.created_at, *(event.at for event in resumed if event.data["after"] == "retry")]
            work.after_commit(lambda: _tell_run(self._spans, run, began))

    def hold(self, work: Work, org_ids: Iterable[str]) -> None:
        """Hold the ledger among others, and the budgets of organisations, for the steps of several runs."""
        self._usage.hold(work, org_ids)

    def open_attempt(self, work: Work, run: RunRow, step: StepRow, skus: Sequence[str], worst: Quantities) -> str:
        """Hold the worst case of a model step's attempt, and return the attempt's id in the ledger.

        It is billed as one of `skus`, whichever answers.

        Raises:
            BudgetExceeded, RateLimited: a limit that binds the run has no room.
            PriceMissing: the model has no price.
        """
        return self._usage.attempts.open(work, _opening(run, step, skus, worst)).attempt_id

    def lose_attempt(self, work: Work, step: StepRow) -> None:
        """Write that nobody knows what a step's attempt used, if that is not known yet."""
        self._usage.attempts.lose_step(work, step.id, step.attempt)

    def settle(
        self, work: Work, attempt_id: str, used: Quantities, sku: str | None = None, engine: str | None = None
    ) -> Money:
        """Write the ledger row of a step's attempt, whoever has the run by now; `sku` and `engine` answered.

        Raises:
            AttemptClosed: it has its row already.
        """
        return self._usage.attempts.settle(work, attempt_id, used, sku, engine=engine)

    def void(self, work: Work, attempt_id: str, reason: str) -> None:
        """Write that a step's attempt used nothing."""
        self._usage.attempts.void(work, attempt_id, reason)

    def lose(self, work: Work, attempt_id: str, reason: str) -> None:
        """Write that nobody knows what a step's attempt used: its worst case stays held."""
        self._usage.attempts.lose(work, attempt_id, reason)

    def worst(self, work: Work, skus: Sequence[str], quantities: Quantities) -> int:
        """Return what something would cost today at most, in micro-units."""
        return self._usage.worst(work, skus, quantities).micro

    def meter_call(self, work: Work, run: RunRow, step: StepRow, sku: str) -> None:
        """Write the ledger row of a tool's call, and add its cost to step and run."""
        used = Quantities(calls=1)
        self.add_up(run, step, used, self._usage.record(work, _opening(run, step, [sku], used)))

    def add_up(self, run: RunRow, step: StepRow, used: Quantities, cost: Money) -> None:
        """Add what the ledger has of a step's attempt to step and run."""
        for unit, quantity in used.plain().items():
            if quantity:
                setattr(step, unit, getattr(step, unit) + quantity)
        step.cost_micro += cost.micro
        run.cost_micro += cost.micro
        run.tokens += used.tokens


def _step(work: Work, run: RunRow, *, kind: str, name: str, title: dict[str, str], request: dict[str, Any]) -> StepRow:
    return work.new(
        StepRow,
        id=work.new_id("stp"),
        org_id=run.org_id,
        run_id=run.id,
        n=run.steps,
        kind=kind,
        name=name,
        title=title,
        attempt=1,
        status="started",
        request=request,
        response={},
        rules=[],
        input_tokens=0,
        cached_tokens=0,
        output_tokens=0,
        reasoning_tokens=0,
        calls=0,
        cost_micro=0,
        currency=run.currency,
        started_at=work.now(),
    )


def _cost(run: RunRow) -> dict[str, object]:
    return {"micro": run.cost_micro, "currency": run.currency}


def _tell_step(metrics: Metrics, spans: Spans, step: StepRow) -> None:
    timed = _timed(step.started_at, step.finished_at, "" if step.status == "done" else step.status)
    if step.kind in _ASKING:
        tokens = step.input_tokens, step.cached_tokens, step.output_tokens, step.reasoning_tokens
        metrics.requests.begun("run")
        metrics.requests.done("run", step.name, _STATUSES.get(step.status, 500), timed.seconds, None, tokens)
        spans.model_step(step.run_id, step.id, step.name, timed, tokens)
    else:
        spans.tool_step(step.run_id, step.id, step.name, timed)


def _tell_run(spans: Spans, run: RunRow, began: Sequence[datetime]) -> None:
    timed = _timed(began[-1], run.finished_at, "" if run.status == "done" else run.status)
    spans.run(run.id, run.assistant, run.conversation_id, timed, again=len(began) - 1)


def _timed(began: datetime, ended: datetime | None, error: str) -> Timed:
    return Timed(began, ((ended or began) - began).total_seconds(), error)


def _opening(run: RunRow, step: StepRow, skus: Sequence[str], worst: Quantities) -> Opening:
    return Opening(
        org_id=run.org_id,
        person_id=run.person_id,
        assistant=run.assistant,
        run_id=run.id,
        step_id=step.id,
        attempt=step.attempt,
        skus=tuple(skus),
        deployment=step.name if step.kind in _ASKING else "",
        worst=worst,
    )


def _plain(value: object) -> object:
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value
