"""One model call of a run: held in the ledger before it is made, and settled with what the engine told."""

import json
from collections.abc import Callable
from contextlib import suppress

from jindou.agents.runs.counted import Counted, quantities_of
from jindou.agents.runs.fold import messages_of
from jindou.agents.runs.queries import step_of
from jindou.agents.runs.segment import Parts, Segment, State, has_had_its_effects
from jindou.agents.runs.tables import StepRow
from jindou.agents.runs.types import RunEvent
from jindou.agents.runs.watch import Watch
from jindou.billing.usage import Quantities
from jindou.durable.queue import LeaseLost
from jindou.errors import JindouError
from jindou.models.gateway import Completion, CompletionAsk, Stopped, ToolSchema, complete

__all__ = ["MOST_REQUESTS", "ask_model"]

_TITLE = {"en": "Think", "zh": "思考"}
MOST_REQUESTS = 3
"""What one completion asks of the engine at most: once, again where that can't be used, and for words in the end."""

_FRAME_TOKENS = 1024
"""More than any template, and the harness, add to what the messages and tools have."""


def ask_model(segment: Segment, state: State, begun: StepRow | None) -> None:
    """Journal the call, make it, journal and meter what came. `begun` is a call that was never finished.

    Raises:
        Stopped: the run was cancelled or paused, or the server stops.
        LimitPassed: it took longer than it may.
        BudgetExceeded, RateLimited: a limit that binds the run has no room; the call was not begun.
        EngineUnavailable, EngineDied: trying again may help.
        ContextOverflow: the conversation does not fit.
    """
    parts = segment.parts
    tools = parts.doorway.tools_of(state.assistant)
    # A call that is made again is asked as it was the first time: what was said since is read with the next one.
    seen = [step for step in state.steps if begun is None or step.n < begun.n]
    ask = CompletionAsk(
        messages=messages_of(state.assistant.instructions, [*state.earlier, (state.run, seen)]),
        tools=[ToolSchema(tool.name, tool.description, tool.schema()) for tool in tools],
        max_tokens=parts.answer_max_tokens,
        answer_only=has_had_its_effects(state, tools),
        most_calls=parts.parallel_calls,
    )
    step, attempt_id = _begin(segment, begun, _worst(parts, ask))
    engine = Counted(parts.deployments.engine(segment.lease.org_id, parts.model))
    watch = Watch(segment, state, "model")
    try:
        completion = complete(engine, ask, on_text=_teller(parts, step), should_stop=watch.must_stop)
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
    _keep(segment, step, attempt_id, completion)


def _worst(parts: Parts, ask: CompletionAsk) -> Quantities:
    """Return more than the completion can use: a token is a byte at least, and no request exceeds the context."""
    shown = [*ask.messages, *({"name": t.name, "about": t.description, "of": t.parameters} for t in ask.tools)]
    prompt = len(json.dumps(shown, ensure_ascii=False).encode()) + _FRAME_TOKENS + ask.max_tokens
    return Quantities(
        input_tokens=MOST_REQUESTS * min(prompt, parts.context_tokens), output_tokens=MOST_REQUESTS * ask.max_tokens
    )


def _begin(segment: Segment, begun: StepRow | None, worst: Quantities) -> tuple[StepRow, str]:
    parts = segment.parts
    if begun is not None:
        # Whatever becomes of the next attempt: what the last one used is not known any more.
        with segment.writing() as (work, _):
            parts.journal.lose_attempt(work, begun)
    with segment.writing() as (work, run):
        if begun is None:
            step = parts.journal.begin_step(work, run, kind="model", name=parts.model, title=_TITLE, request={})
        else:
            step = step_of(work, begun.id)
            parts.journal.begin_again(work, run, step)
        return step, parts.journal.open_attempt(work, run, step, _sku(parts), worst)


def _sku(parts: Parts) -> str:
    return f"model:{parts.model}"


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


def _keep(segment: Segment, begun: StepRow, attempt_id: str, completion: Completion) -> None:
    journal = segment.parts.journal
    used = quantities_of(completion.usage)
    calls = [
        {"id": f"{begun.id}_{i}", "name": call.name, "arguments": call.arguments}
        for i, call in enumerate(completion.calls)
    ]
    response = {"text": completion.text, "calls": calls, "finish_reason": completion.finish_reason}
    try:
        with segment.writing(progress=True) as (work, run):
            step = step_of(work, begun.id)
            for notice in completion.notices:
                data = {"code": notice.code, "params": {"detail": notice.detail}}
                journal.event(work, run, "run.notice", data)
            journal.add_up(run, step, used, journal.settle(work, attempt_id, used))
            journal.end_step(work, run, step, "done", response)
    except LeaseLost:
        _settle_alone(segment, attempt_id, used)
        raise


def _teller(parts: Parts, step: StepRow) -> Callable[[str], None]:
    def tell(text: str) -> None:
        data: dict[str, object] = {"step_id": step.id, "attempt": step.attempt, "text": text}
        now = parts.database.clock.now()
        parts.stream.publish(RunEvent(seq=0, run_id=step.run_id, type="text.delta", at=now, data=data))

    return tell
