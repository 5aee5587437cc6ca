"""One model call of a run: held in the ledger before it is made, and settled with what the engine told."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal

from jindou.agents.runs.context import Told, size_of
from jindou.agents.runs.counted import Counted, quantities_of
from jindou.agents.runs.queries import step_of
from jindou.agents.runs.segment import Parts, Segment, State
from jindou.agents.runs.tables import StepRow
from jindou.agents.runs.watch import Watch
from jindou.billing.usage import Quantities
from jindou.durable.queue import LeaseLost
from jindou.errors import JindouError
from jindou.models.gateway import Completion, CompletionAsk, Stopped, complete

__all__ = ["MOST_REQUESTS", "Answered", "Asking", "make_call"]

MOST_REQUESTS = 3
"""What one completion asks of the engine at most: once, again where that can't be used, and for words in the end."""

_FRAME_TOKENS = 1024
"""More than any template, and the harness, add to what the messages and tools have."""


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


def make_call(segment: Segment, state: State, begun: StepRow | None, asking: Asking) -> None:
    """Journal a call, make it, journal and meter what came. `begun` is one that was never finished.

    Raises:
        Stopped: the run was cancelled or paused, or the server stops.
        LimitPassed: it took longer than it may.
        BudgetExceeded, RateLimited: a limit that binds the run has no room; the call was not begun.
        EngineUnavailable, EngineDied: trying again may help.
        ContextOverflow: the prompt does not fit; the step is still open.
    """
    parts = segment.parts
    size = size_of(asking.ask)
    step, attempt_id = _begin(segment, begun, asking, _worst(parts, asking.ask, size))
    engine = Counted(parts.deployments.engine(segment.lease.org_id, parts.model))
    watch = Watch(segment, state, "model")
    try:
        completion = complete(
            engine, asking.ask, on_text=lambda text: asking.on_text(step, text), should_stop=watch.must_stop
        )
    except Exception as error:
        # What can't be written now is unknown, and is called so when the step is begun again.
        with suppress(JindouError):
            if engine.is_known and engine.used.tokens:
                _settle(segment, step, attempt_id, engine.used)
            else:
                _close(segment, attempt_id, str(error), is_known=engine.is_known)
        if isinstance(error, Stopped) and watch.passed is not None:
            raise watch.passed from None
        raise
    told = {"tokens": engine.longest, "bytes": size} if engine.longest else None
    _keep(segment, attempt_id, asking, Answered(step=step, completion=completion, told=told))


def _worst(parts: Parts, ask: CompletionAsk, size: int) -> Quantities:
    """Return more than the completion can use: a token is a byte at least, and no request exceeds the context."""
    prompt = size + _FRAME_TOKENS + ask.max_tokens
    return Quantities(
        input_tokens=MOST_REQUESTS * min(prompt, parts.context_tokens), output_tokens=MOST_REQUESTS * ask.max_tokens
    )


def _begin(segment: Segment, begun: StepRow | None, asking: Asking, worst: Quantities) -> tuple[StepRow, str]:
    parts = segment.parts
    if begun is not None:
        # Whatever becomes of the next attempt: what the last one used is not known any more.
        with segment.writing() as (work, _):
            parts.journal.lose_attempt(work, begun)
    with segment.writing() as (work, run):
        if begun is None:
            step = parts.journal.begin_step(
                work, run, kind=asking.kind, name=parts.model, title=asking.title, request=asking.request
            )
        else:
            step = step_of(work, begun.id)
            parts.journal.begin_again(work, run, step)
        return step, parts.journal.open_attempt(work, run, step, f"model:{parts.model}", worst)


def _close(segment: Segment, attempt_id: str, reason: str, *, is_known: bool) -> None:
    """Write that a call used nothing, or that nobody knows what it used."""
    journal = segment.parts.journal
    end = journal.void if is_known else journal.lose
    with segment.parts.database.writing(segment.lease.org_id) as work:
        end(work, attempt_id, reason)


def _settle(segment: Segment, begun: StepRow, attempt_id: str, used: Quantities) -> None:
    journal = segment.parts.journal
    try:
        with segment.writing() as (work, run):
            step = step_of(work, begun.id)
            journal.add_up(run, step, used, journal.settle(work, attempt_id, used))
    except LeaseLost:
        _settle_alone(segment, attempt_id, used)


def _settle_alone(segment: Segment, attempt_id: str, used: Quantities) -> None:
    """Pay for what was used although another worker has the run, which goes on without it."""
    with segment.parts.database.writing(segment.lease.org_id) as work:
        segment.parts.journal.settle(work, attempt_id, used)


def _keep(segment: Segment, attempt_id: str, asking: Asking, answered: Answered) -> None:
    journal, completion = segment.parts.journal, answered.completion
    used = quantities_of(completion.usage)
    response = asking.respond(answered)
    try:
        with segment.writing(progress=True) as (work, run):
            step = step_of(work, answered.step.id)
            for notice in completion.notices:
                data = {"code": notice.code, "params": {"detail": notice.detail}}
                journal.event(work, run, "run.notice", data)
            journal.add_up(run, step, used, journal.settle(work, attempt_id, used))
            journal.end_step(work, run, step, "done", response)
    except LeaseLost:
        _settle_alone(segment, attempt_id, used)
        raise
