"""One model call of a run: held in the ledger before it is made, and settled with what the engine told."""

import json
import time
from collections.abc import Callable
from contextlib import suppress

from jindou.agents.runs.counted import Counted, quantities_of
from jindou.agents.runs.fold import messages_of
from jindou.agents.runs.segment import Parts, State, has_had_its_effects
from jindou.agents.runs.tables import RunRow, StepRow
from jindou.agents.runs.types import RunEvent
from jindou.billing.usage import Quantities
from jindou.durable.queue import Lease, LeaseLost
from jindou.errors import JindouError
from jindou.models.gateway import Completion, CompletionAsk, ToolSchema, complete

__all__ = ["MOST_REQUESTS", "ask_model"]

_CANCEL_POLL_SECONDS = 0.5
_TITLE = {"en": "Think", "zh": "思考"}
MOST_REQUESTS = 3
"""What one completion asks of the engine at most: once, again where that can't be used, and for words in the end."""

_FRAME_TOKENS = 1024
"""More than any template, and the harness, add to what the messages and tools have."""


def ask_model(parts: Parts, lease: Lease, state: State, begun: StepRow | None, stopping: Callable[[], bool]) -> None:
    """Journal the call, make it, journal and meter what came. `begun` is a call that was never finished.

    Raises:
        Stopped: the run was cancelled, or `stopping` said so.
        BudgetExceeded, RateLimited: a limit that binds the run has no room; the call was not begun.
        EngineUnavailable, EngineDied: trying again may help.
        ContextOverflow: the conversation does not fit.
    """
    tools = parts.doorway.tools_of(state.assistant)
    ask = CompletionAsk(
        messages=messages_of(state.assistant.instructions, [*state.earlier, (state.run, state.steps)]),
        tools=[ToolSchema(tool.name, tool.description, tool.schema()) for tool in tools],
        max_tokens=parts.answer_max_tokens,
        answer_only=has_had_its_effects(state, tools),
    )
    step, attempt_id = _begin(parts, lease, begun, _worst(parts, ask))
    engine = Counted(parts.deployments.engine(lease.org_id, parts.model))
    try:
        completion = complete(
            engine, ask, on_text=_teller(parts, step), should_stop=_stop_question(parts, lease, stopping)
        )
    except Exception as error:
        # What can't be written now is unknown, and is called so when the step is begun again.
        with suppress(JindouError):
            if engine.is_known and engine.used.tokens:
                _settle(parts, lease, step, attempt_id, engine.used)
            else:
                _close(parts, lease, attempt_id, str(error), is_known=engine.is_known)
        raise
    _keep(parts, lease, step, attempt_id, completion)


def _worst(parts: Parts, ask: CompletionAsk) -> Quantities:
    """Return more than the completion can use: a token is a byte at least, and no request exceeds the context."""
    shown = [*ask.messages, *({"name": t.name, "about": t.description, "of": t.parameters} for t in ask.tools)]
    prompt = len(json.dumps(shown, ensure_ascii=False).encode()) + _FRAME_TOKENS + ask.max_tokens
    return Quantities(
        input_tokens=MOST_REQUESTS * min(prompt, parts.context_tokens), output_tokens=MOST_REQUESTS * ask.max_tokens
    )


def _begin(parts: Parts, lease: Lease, begun: StepRow | None, worst: Quantities) -> tuple[StepRow, str]:
    if begun is not None:
        # Whatever becomes of the next attempt: what the last one used is not known any more.
        with parts.database.writing(lease.org_id) as work:
            parts.queue.hold(work, lease)
            parts.journal.lose_attempt(work, begun)
    with parts.database.writing(lease.org_id) as work:
        parts.queue.hold(work, lease)
        run = work.session.get_one(RunRow, lease.subject)
        if begun is None:
            step = parts.journal.begin_step(work, run, kind="model", name=parts.model, title=_TITLE, request={})
        else:
            step = work.session.get_one(StepRow, begun.id)
            parts.journal.begin_again(work, run, step)
        return step, parts.journal.open_attempt(work, run, step, _sku(parts), worst)


def _sku(parts: Parts) -> str:
    return f"model:{parts.model}"


def _close(parts: Parts, lease: Lease, attempt_id: str, reason: str, *, is_known: bool) -> None:
    """Write that a call used nothing, or that nobody knows what it used."""
    end = parts.journal.void if is_known else parts.journal.lose
    with parts.database.writing(lease.org_id) as work:
        end(work, attempt_id, reason)


def _settle(parts: Parts, lease: Lease, begun: StepRow, attempt_id: str, used: Quantities) -> None:
    try:
        with parts.database.writing(lease.org_id) as work:
            parts.queue.hold(work, lease)
            run, step = work.session.get_one(RunRow, lease.subject), work.session.get_one(StepRow, begun.id)
            parts.journal.add_up(run, step, used, parts.journal.settle(work, attempt_id, used))
    except LeaseLost:
        _settle_alone(parts, lease, attempt_id, used)


def _settle_alone(parts: Parts, lease: Lease, attempt_id: str, used: Quantities) -> None:
    """Pay for what was used although another worker has the run, which goes on without it."""
    with parts.database.writing(lease.org_id) as work:
        parts.journal.settle(work, attempt_id, used)


def _keep(parts: Parts, lease: Lease, begun: StepRow, attempt_id: str, completion: Completion) -> None:
    used = quantities_of(completion.usage)
    calls = [
        {"id": f"{begun.id}_{i}", "name": call.name, "arguments": call.arguments}
        for i, call in enumerate(completion.calls)
    ]
    response = {"text": completion.text, "calls": calls, "finish_reason": completion.finish_reason}
    try:
        with parts.database.writing(lease.org_id) as work:
            parts.queue.hold(work, lease, progress=True)
            run = work.session.get_one(RunRow, lease.subject)
            step = work.session.get_one(StepRow, begun.id)
            for notice in completion.notices:
                data = {"code": notice.code, "params": {"detail": notice.detail}}
                parts.journal.event(work, run, "run.notice", data)
            parts.journal.add_up(run, step, used, parts.journal.settle(work, attempt_id, used))
            parts.journal.end_step(work, run, step, "done", response)
    except LeaseLost:
        _settle_alone(parts, lease, attempt_id, used)
        raise


def _teller(parts: Parts, step: StepRow) -> Callable[[str], None]:
    def tell(text: str) -> None:
        data: dict[str, object] = {"step_id": step.id, "attempt": step.attempt, "text": text}
        now = parts.database.clock.now()
        parts.stream.publish(RunEvent(seq=0, run_id=step.run_id, type="text.delta", at=now, data=data))

    return tell


def _stop_question(parts: Parts, lease: Lease, stopping: Callable[[], bool]) -> Callable[[], bool]:
    asked_at = time.monotonic()

    def should_stop() -> bool:
        nonlocal asked_at
        if stopping():
            return True
        if time.monotonic() - asked_at < _CANCEL_POLL_SECONDS:
            return False
        asked_at = time.monotonic()
        with parts.database.reading(lease.org_id) as work:
            return work.session.get_one(RunRow, lease.subject).cancel_requested

    return should_stop
