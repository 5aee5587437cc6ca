"""From rows to what the doors show."""

from collections.abc import Sequence

from jindou.agents.runs.tables import RunEventRow, RunRow, StepRow
from jindou.agents.runs.types import Run, RunDetail, RunEvent, Step
from jindou.billing.pricing import Money
from jindou.billing.usage import Quantities
from jindou.identity.policy import Rule

__all__ = ["as_detail", "as_event", "as_run", "as_step"]


def as_run(row: RunRow) -> Run:
    """Return a run."""
    return Run.model_validate(_run_fields(row))


def as_detail(row: RunRow, steps: Sequence[StepRow]) -> RunDetail:
    """Return a run with its journal."""
    fields = _run_fields(row) | {"journal": [as_step(step) for step in steps], "last_event": row.last_event}
    return RunDetail.model_validate(fields)


def as_step(row: StepRow) -> Step:
    """Return a step."""
    tool = row.kind == "tool"
    return Step.model_validate(
        {
            "id": row.id,
            "n": row.n,
            "kind": row.kind,
            "name": row.name,
            "title": row.title,
            "attempt": row.attempt,
            "status": row.status,
            "arguments": row.request.get("arguments") if tool else None,
            "result": row.response.get("result") if tool else _calls(row),
            "text": row.response.get("text"),
            "error": row.response.get("error"),
            "rules": [Rule.model_validate(rule) for rule in row.rules],
            "approval_id": row.approval_id,
            "quantities": Quantities(
                input_tokens=row.input_tokens,
                cached_tokens=row.cached_tokens,
                output_tokens=row.output_tokens,
                reasoning_tokens=row.reasoning_tokens,
                calls=row.calls,
            ),
            "cost": Money(micro=row.cost_micro, currency=row.currency),
            "started_at": row.started_at,
            "finished_at": row.finished_at,
        }
    )


def as_event(row: RunEventRow) -> RunEvent:
    """Return an event."""
    return RunEvent.model_validate(
        {"seq": row.seq, "run_id": row.run_id, "type": row.type, "at": row.at, "data": row.data}
    )


def _calls(row: StepRow) -> dict[str, object] | None:
    calls = row.response.get("calls")
    return {"calls": calls} if calls else None


def _run_fields(row: RunRow) -> dict[str, object]:
    return {
        "id": row.id,
        "conversation_id": row.conversation_id,
        "assistant": row.assistant,
        "person_id": row.person_id,
        "person_name": row.person_name,
        "message": row.message,
        "status": row.status,
        "answer": row.answer,
        "error": row.error,
        "rules": [Rule.model_validate(rule) for rule in row.rules],
        "steps": row.steps,
        "cost": Money(micro=row.cost_micro, currency=row.currency),
        "created_at": row.created_at,
        "finished_at": row.finished_at,
        "undoes": row.undoes,
    }
