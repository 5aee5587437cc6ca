"""Finding runs: one query for all that a person may ask for."""

from sqlalchemy import Select, exists, or_, select

from jindou.agents.runs.tables import RunRow, StepRow
from jindou.agents.runs.types import RunSearch

__all__ = ["query_of"]


def query_of(person_id: str, asked: RunSearch) -> Select[RunRow]:
    """Return the query for a person's own runs that fit, the newest first."""
    query = select(RunRow).where(RunRow.person_id == person_id).order_by(RunRow.id.desc()).limit(asked.limit)
    if asked.before is not None:
        query = query.where(RunRow.id < asked.before)
    if asked.text:
        columns = (RunRow.message, RunRow.answer, RunRow.error)
        query = query.where(or_(*(column.icontains(asked.text, autoescape=True) for column in columns)))
    if asked.assistant:
        query = query.where(RunRow.assistant == asked.assistant)
    if asked.status is not None:
        query = query.where(RunRow.status == asked.status)
    if asked.tool:
        called = exists().where(StepRow.run_id == RunRow.id, StepRow.kind == "tool", StepRow.name == asked.tool)
        query = query.where(called)
    if asked.since is not None:
        query = query.where(RunRow.created_at >= asked.since)
    if asked.until is not None:
        query = query.where(RunRow.created_at < asked.until)
    if asked.least_cost_micro is not None:
        query = query.where(RunRow.cost_micro >= asked.least_cost_micro)
    return query
