"""One model call of a run."""

import time
from collections.abc import Callable

from jindou.agents.runs.fold import messages_of
from jindou.agents.runs.segment import Parts, State, has_had_its_effects
from jindou.agents.runs.tables import RunRow, StepRow
from jindou.agents.runs.types import RunEvent
from jindou.billing.usage import Quantities
from jindou.durable.queue import Lease
from jindou.models.gateway import Completion, CompletionAsk, ToolSchema, complete

__all__ = ["ask_model"]

_CANCEL_POLL_SECONDS = 0.5
_TITLE = {"en": "Think", "zh": "思考"}


def ask_model(parts: Parts, lease: Lease, state: State, begun: StepRow | None, stopping: Callable[[], bool]) -> None:
    """Journal the call, make it, journal and meter what came. `begun` is a call that was never finished.

    Raises:
        Stopped: the run was cancelled, or `stopping` said so.
        EngineUnavailable, EngineDied: trying again may help.
        ContextOverflow: the conversation does not fit.
    """
    step = _begin(parts, lease, begun)
    tools = parts.doorway.tools_of(state.assistant)
    ask = CompletionAsk(
        messages=messages_of(state.assistant.instructions, [*state.earlier, (state.run, state.steps)]),
        tools=[ToolSchema(tool.name, tool.description, tool.schema()) for tool in tools],
        max_tokens=parts.answer_max_tokens,
        answer_only=has_had_its_effects(state, tools),
    )
    engine = parts.deployments.engine(lease.org_id, parts.model)
    completion = complete(engine, ask, on_text=_teller(parts, step), should_stop=_stop_question(parts, lease, stopping))
    _keep(parts, lease, step, completion)


def _begin(parts: Parts, lease: Lease, begun: StepRow | None) -> StepRow:
    with parts.database.writing(lease.org_id) as work:
        parts.queue.hold(work, lease)
        run = work.session.get_one(RunRow, lease.subject)
        if begun is None:
            return parts.journal.begin_step(work, run, kind="model", name=parts.model, title=_TITLE, request={})
        step = work.session.get_one(StepRow, begun.id)
        parts.journal.begin_again(work, run, step)
        return step


def _keep(parts: Parts, lease: Lease, begun: StepRow, completion: Completion) -> None:
    used = completion.usage
    quantities = Quantities(
        input_tokens=used.prompt - used.cached, cached_tokens=used.cached, output_tokens=used.completion
    )
    calls = [
        {"id": f"{begun.id}_{i}", "name": call.name, "arguments": call.arguments}
        for i, call in enumerate(completion.calls)
    ]
    response = {"text": completion.text, "calls": calls, "finish_reason": completion.finish_reason}
    with parts.database.writing(lease.org_id) as work:
        parts.queue.hold(work, lease, progress=True)
        run = work.session.get_one(RunRow, lease.subject)
        step = work.session.get_one(StepRow, begun.id)
        for notice in completion.notices:
            data = {"code": notice.code, "params": {"detail": notice.detail}}
            parts.journal.event(work, run, "run.notice", data)
        parts.journal.meter(work, run, step, f"model:{parts.model}", quantities)
        parts.journal.end_step(work, run, step, "done", response)


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
