"""What the model says next, as a step of the run; what is too long for its context is put into notes first."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from jindou.agents.runs.asking import Answered, Asking, Call, begin_call, make_call
from jindou.agents.runs.compaction import begin_notes, due
from jindou.agents.runs.context import Told, ask_of, journals_of
from jindou.agents.runs.limits import LimitPassed
from jindou.agents.runs.segment import Act, Parts, Segment, State
from jindou.agents.runs.shown import notes_of
from jindou.agents.runs.tables import StepRow
from jindou.agents.runs.types import RunEvent
from jindou.db import Work
from jindou.models.upstreams import ContextOverflow

__all__ = ["begin_model"]

_TITLE = {"en": "Think", "zh": "思考"}
_TOO_LONG = "The engine says that this does not fit its context; what came before is put into notes."


def begin_model(segment: Segment, work: Work, state: State, begun: StepRow | None = None) -> Act:
    """Begin to ask the model, or to put the past into notes where it would not fit. `begun` is a call that never ended.

    Raises:
        BudgetExceeded, RateLimited: as `begin_call` says.
    """
    parts = segment.parts
    # A call that is made again is asked as it was the first time: what was said since is read with the next one.
    seen = state if begun is None else replace(state, steps=[step for step in state.steps if step.n < begun.n])
    ask = ask_of(parts, seen, notes_of(journals_of(seen)))
    if begun is None and (notes := due(parts, state, ask)) is not None:
        return begin_notes(segment, work, state, notes)
    asking = Asking(kind="model", title=_TITLE, ask=ask, respond=_response, on_text=_teller(parts))
    call = begin_call(segment, work, state.run, begun, asking)
    return lambda: _ask(segment, state, seen, call)


def _ask(segment: Segment, state: State, seen: State, call: Call) -> bool:
    """Ask the model.

    Raises:
        LimitPassed: it took longer than it may, or does not fit whatever is put into notes.
        Stopped, EngineUnavailable, EngineDied: as `make_call` says.
    """
    try:
        make_call(segment, state, call)
    except ContextOverflow as overflow:
        told = {"tokens": overflow.prompt_tokens, "bytes": call.size}
        if due(segment.parts, seen, call.asking.ask, told) is None:
            raise LimitPassed("context", overflow.prompt_tokens, overflow.context_tokens) from None
        _pass_over(segment, told)
    return True


def _response(answered: Answered) -> dict[str, Any]:
    completion = answered.completion
    calls = [
        {"id": f"{answered.step.id}_{i}", "name": call.name, "arguments": call.arguments}
        for i, call in enumerate(completion.calls)
    ]
    response = {"text": completion.text, "calls": calls, "finish_reason": completion.finish_reason}
    return response | ({"prompt": answered.told} if answered.told is not None else {})


def _pass_over(segment: Segment, told: Told) -> None:
    """End a call that did not fit, with what the engine told of it: by that the past is put into notes next."""
    with segment.writing() as (work, run):
        step = next(step for step in segment.steps(work, run) if step.status == "started")
        segment.parts.journal.end_step(work, run, step, "superseded", {"prompt": told, "error": _TOO_LONG})


def _teller(parts: Parts) -> Callable[[StepRow, str], None]:
    def tell(step: StepRow, text: str) -> None:
        data: dict[str, object] = {"step_id": step.id, "attempt": step.attempt, "text": text}
        now = parts.database.clock.now()
        parts.stream.publish(RunEvent(seq=0, run_id=step.run_id, type="text.delta", at=now, data=data))

    return tell
