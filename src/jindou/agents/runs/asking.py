"""One model call of a run: held in the ledger before it is made, and settled with what the engine told."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal

from jindou.agents.runs.context import Told
from jindou.agents.runs.journal import Journal
from jindou.agents.runs.segment import Outcome, Segment, State
from jindou.agents.runs.tables import RunRow, StepRow
from jindou.agents.runs.watch import Watch
from jindou.billing.pricing import Money
from jindou.db import Work
from jindou.durable.queue import LeaseLost
from jindou.errors import JindouError
from jindou.models.gateway import Completion, CompletionAsk, Counted, Stopped, complete, most_used, quantities_of

__all__ = ["Answered", "Asking", "Call", "begin_call", "make_call"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What came of a call, and what the engine told of its prompt, if it did."""

    step: StepRow
    completion: Completion
    told: Told | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A call: the step that it is in the journal, and what the step's response keeps of it."""

    kind: Literal["model", "compaction"]
    title: dict[str, str]
    ask: CompletionAsk
    respond: Callable[[Answered], dict[str, Any]]
    request: dict[str, Any] = field(default_factory=dict[str, Any])
    on_text: Callable[[StepRow, str], None] = lambda _step, _text: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call that may be made now: its step is in the journal, and its worst case is held."""

    asking: Asking
    step: StepRow
    attempt_id: str
    size: int


def begin_call(segment: Segment, work: Work, run: RunRow, begun: StepRow | None, asking: Asking) -> Call:
    """Write that a call begins. `begun` is its step where it never ended.

    Raises:
        BudgetExceeded, RateLimited: a limit that binds the run has no room; the call must not be made.
    """
    parts = segment.parts
    if begun is None:
        step = segment.begun(
            parts.journal.begin_step(
                work, run, kind=asking.kind, name=parts.model, title=asking.title, request=asking.request
            )
        )
    else:
        step = segment.step(work, run, begun.id)
        parts.journal.begin_again(work, run, step)
    size = asking.ask.size
    worst = most_used(size, asking.ask.max_tokens, most_prompt=parts.context_tokens)
    attempt_id = parts.journal.open_attempt(work, run, step, parts.skus(run.org_id), worst)
    return Call(asking=asking, step=step, attempt_id=attempt_id, size=size)


def make_call(segment: Segment, state: State, call: Call) -> None:
    """Make a call whose beginning is durable; what came of it is the segment's `outcome`.

    Raises:
        Stopped: the run was cancelled or paused, or the server stops.
        LimitPassed: it took longer than it may.
        EngineUnavailable, EngineDied: trying again may help.
        ContextOverflow: the prompt does not fit; the step is still open.
    """
    parts, asking, step = segment.parts, call.asking, call.step
    engine = Counted(parts.deployments.engine(segment.lease.org_id, parts.model))
    watch = Watch(segment, state, "model")
    try:
        completion = complete(
            engine, asking.ask, on_text=lambda text: asking.on_text(step, text), should_stop=watch.must_stop
        )
    except Exception as error:
        # What can't be written now is unknown, and is called so when the step is begun again.
        with suppress(JindouError):
            if engine.is_known and quantities_of(engine.used).tokens:
                _settle(segment, call, engine)
            else:
                _close(segment, call.attempt_id, str(error), is_known=engine.is_known)
        if isinstance(error, Stopped) and watch.passed is not None:
            raise watch.passed from None
        raise
    told = {"tokens": engine.longest, "bytes": call.size} if engine.longest else None
    segment.outcome = _outcome(segment, call, Answered(step=step, completion=completion, told=told), engine)


def _close(segment: Segment, attempt_id: str, reason: str, *, is_known: bool) -> None:
    """Write that a call used nothing, or that nobody knows what it used."""
    journal = segment.parts.journal
    end = journal.void if is_known else journal.lose
    with segment.parts.database.writing(segment.lease.org_id) as work:
        end(work, attempt_id, reason)


def _settle(segment: Segment, call: Call, engine: Counted) -> None:
    """Pay for what was used; where another worker has the run, which goes on without it, too."""
    journal, used = segment.parts.journal, quantities_of(engine.used)
    try:
        with segment.writing() as (work, run):
            step = segment.step(work, run, call.step.id)
            journal.add_up(run, step, used, _pay(journal, work, call, engine))
    except LeaseLost:
        with segment.parts.database.writing(segment.lease.org_id) as work:
            _pay(journal, work, call, engine)


def _pay(journal: Journal, work: Work, call: Call, engine: Counted) -> Money:
    """Write the one row of a call: as the SKU that answered, where a deployment has several."""
    used = quantities_of(engine.used)
    return journal.settle(work, call.attempt_id, used, engine.sku or None, engine.engine or None)


def _outcome(segment: Segment, call: Call, answered: Answered, engine: Counted) -> Outcome:
    journal, completion = segment.parts.journal, answered.completion
    used = quantities_of(engine.used)
    response = call.asking.respond(answered)

    def write(work: Work, run: RunRow) -> None:
        step = segment.step(work, run, answered.step.id)
        for notice in completion.notices:
            data = {"code": notice.code, "params": {"detail": notice.detail}}
            journal.event(work, run, "run.notice", data)
        journal.add_up(run, step, used, _pay(journal, work, call, engine))
        journal.end_step(work, run, step, "done", response)

    def pay(work: Work) -> None:
        _pay(journal, work, call, engine)

    return Outcome(write, pay)
