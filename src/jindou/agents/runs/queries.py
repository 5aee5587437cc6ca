"""From rows to what the doors show."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar, cast

from sqlalchemy import ARRAY, ColumnElement, String, any_, bindparam

from jindou.agents.assistants import Limits
from jindou.agents.runs.limits import uses
from jindou.agents.runs.tables import RunEventRow, RunRow, StepRow
from jindou.agents.runs.types import Run, RunDetail, RunEvent, Step
from jindou.db import Query, Work
from jindou.errors import NotFound

__all__ = [
    "as_detail",
    "as_event",
    "as_run",
    "as_step",
    "find",
    "locked",
    "look_locked",
    "run_data",
    "run_of",
    "step_data",
    "step_of",
    "steps_of",
    "undos_of",
]

RowT = TypeVar("RowT")

_RUN = Query(RunRow, RunRow.id == bindparam("id"))
_LOCKED = Query(RunRow, RunRow.id == bindparam("id"), lock=True)
_SOME_FREE = Query(RunRow, RunRow.id == any_(bindparam("ids", type_=ARRAY(String()))), skip_locked=True)
_UNDOS = Query(RunRow, RunRow.undoes == bindparam("run_id"), order_by=RunRow.id.desc())
_STEP = Query(StepRow, StepRow.id == bindparam("id"))
_STEPS = Query(StepRow, StepRow.run_id == bindparam("run_id"), order_by=cast("ColumnElement[int]", StepRow.n))


def _only(rows: list[RowT]) -> RowT:
    """Return the row that there is.

    Raises:
        NotFound: there is none.
    """
    if not rows:
        raise NotFound("There is no such run or step.")
    return rows[0]


def find(work: Work, run_id: str) -> RunRow | None:
    """Return a run, if there is one."""
    return next(iter(work.look(_RUN, id=run_id)), None)


def look_locked(work: Work, run_ids: Sequence[str]) -> dict[str, RunRow]:
    """Return some runs for other units of work of this transaction, locked; of several only those nobody else has."""
    if len(run_ids) > 1 and not work.is_sqlite:
        return {run.id: run for run in work.look(_SOME_FREE, ids=list(run_ids))}
    return {run.id: run for run_id in run_ids for run in work.look(_LOCKED, id=run_id)}


def locked(work: Work, run_id: str) -> RunRow:
    """Return a run that nobody else changes before this unit of work ends.

    Raises:
        NotFound: it is gone.
    """
    return _only(work.fetch(_LOCKED, id=run_id))


def steps_of(work: Work, run_id: str) -> list[StepRow]:
    """Return the steps of a run in their order."""
    return work.fetch(_STEPS, run_id=run_id)


def undos_of(work: Work, run_id: str) -> list[RunRow]:
    """Return the runs that undo a run, the newest first."""
    return work.look(_UNDOS, run_id=run_id)


def run_of(work: Work, run_id: str) -> RunRow:
    """Return a run."""
    return _only(work.fetch(_RUN, id=run_id))


def step_of(work: Work, step_id: str) -> StepRow:
    """Return a step."""
    return _only(work.fetch(_STEP, id=step_id))


def as_run(row: RunRow) -> Run:
    """Return a run."""
    return Run.model_validate(_run_fields(row))


def as_detail(
    row: RunRow, steps: Sequence[StepRow], limits: Limits, now: datetime, undone_by: str | None = None
) -> RunDetail:
    """Return a run with its journal, and how much of its limits it has used."""
    further = {
        "journal": [as_step(step) for step in steps],
        "last_event": row.last_event,
        "limits": uses(limits, row, steps, now),
        "model_seconds": limits.model_seconds or 0,
        "tool_seconds": limits.tool_seconds or 0,
        "undone_by": undone_by,
    }
    return RunDetail.model_validate(_run_fields(row) | further)


def as_step(row: StepRow) -> Step:
    """Return a step."""
    return Step.model_validate(_step_fields(row))


def step_data(row: StepRow) -> dict[str, object]:
    """Return a step as it stands in an event: `as_step` in plain JSON, which nobody has to check."""
    times = {"started_at": _json_time(row.started_at), "finished_at": _json_time(row.finished_at)}
    return _step_fields(row) | times


def run_data(row: RunRow) -> dict[str, object]:
    """Return a run as it stands in an event: `as_run` in plain JSON, which nobody has to check."""
    times = {"created_at": _json_time(row.created_at), "finished_at": _json_time(row.finished_at)}
    return _run_fields(row) | times


def _step_fields(row: StepRow) -> dict[str, object]:
    tool, request, response = row.kind == "tool", row.request, row.response
    return {
        "id": row.id,
        "n": row.n,
        "kind": row.kind,
        "name": row.name,
        "title": row.title,
        "attempt": row.attempt,
        "status": row.status,
        "arguments": request.get("arguments") if tool else None,
        "result": response.get("result") if tool else _told(response),
        "text": response.get("text"),
        "error": response.get("error"),
        "took_effect": response.get("took_effect"),
        "by": request.get("by"),
        "rules": _rules(row.rules),
        "approval_id": row.approval_id,
        "copied_from": row.copied_from,
        "quantities": {
            "input_tokens": row.input_tokens,
            "cached_tokens": row.cached_tokens,
            "output_tokens": row.output_tokens,
            "reasoning_tokens": row.reasoning_tokens,
            "calls": row.calls,
        },
        "cost": {"micro": row.cost_micro, "currency": row.currency},
        "started_at": row.started_at,
        "finished_at": row.finished_at,
    }


def as_event(row: RunEventRow) -> RunEvent:
    """Return an event."""
    return RunEvent.model_validate(
        {"seq": row.seq, "run_id": row.run_id, "type": row.type, "at": row.at, "data": row.data}
    )


def _told(response: Mapping[str, Any]) -> dict[str, object] | None:
    """Return what a step of a model came to beside words: the calls that it asked for, or the facts that it kept."""
    return {name: response[name] for name in ("calls", "stands_for", "facts") if response.get(name)} or None


def _rules(rules: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return rules as they were kept; how many have to approve is missing in what is older than that."""
    return [{"approvers": 1, **rule} for rule in rules]


def _json_time(at: datetime | None) -> str | None:
    """Return a time as pydantic writes it."""
    return at.isoformat().replace("+00:00", "Z") if at is not None else None


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
        "rules": _rules(row.rules),
        "steps": row.steps,
        "tokens": row.tokens,
        "branched_from": row.branched_from,
        "branched_step": row.branched_step,
        "cost": {"micro": row.cost_micro, "currency": row.currency},
        "created_at": row.created_at,
        "finished_at": row.finished_at,
        "undoes": row.undoes,
    }
