"""A branch: a run of its own that shares the journal of another up to a step, and goes another way from there."""

from jindou.agents.runs.tables import RunRow, StepRow
from jindou.db import Work
from jindou.errors import Invalid

__all__ = ["copy_step", "shared"]

_ENDED = frozenset({"done", "failed", "denied", "expired", "superseded"})
"""A step that ended in one of these is a fact which a branch can go on from."""


def shared(steps: list[StepRow], n: int) -> list[StepRow]:
    """Return the steps up to `n`, all of them.

    Raises:
        Invalid: there are not so many, or one of them has not ended, or ended the run.
    """
    if n > len(steps):
        raise Invalid(f"The run has {len(steps)} steps.", field="step", rule=f"0 to {len(steps)}")
    wrong = next((step for step in steps[:n] if step.status not in _ENDED), None)
    if wrong is not None:
        told = f"Step {wrong.n} is {wrong.status}, so nothing can follow it; branch from an earlier step."
        raise Invalid(told, field="step", rule=f"0 to {wrong.n - 1}")
    return steps[:n]


def copy_step(work: Work, run: RunRow, step: StepRow) -> StepRow:
    """Add the facts of a step as one of `run`. What it used stays with the run that paid for it."""
    return work.new(
        StepRow,
        id=work.new_id("stp"),
        org_id=run.org_id,
        run_id=run.id,
        n=step.n,
        kind=step.kind,
        name=step.name,
        title=step.title,
        attempt=step.attempt,
        status=step.status,
        request=step.request,
        response=step.response,
        rules=step.rules,
        approval_id=step.approval_id,
        input_tokens=0,
        cached_tokens=0,
        output_tokens=0,
        reasoning_tokens=0,
        calls=0,
        cost_micro=0,
        currency=run.currency,
        copied_from=step.copied_from or step.id,
        started_at=step.started_at,
        finished_at=step.finished_at,
    )
