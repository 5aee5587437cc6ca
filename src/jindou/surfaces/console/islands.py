"""What a live island is given to start from."""

from jindou.agents.approvals import Approvals
from jindou.agents.runs import RunDetail
from jindou.db import Work
from jindou.errors import NotFound
from jindou.identity.principals import Principal

__all__ = ["run_state"]


def run_state(approvals: Approvals, work: Work, who: Principal, run: RunDetail) -> dict[str, object]:
    """Return a run as JSON, with the approvals that its steps asked for."""
    asked: list[object] = []
    for step in run.journal:
        if step.approval_id:
            try:
                asked.append(approvals.get(work, who, step.approval_id).model_dump(mode="json"))
            except NotFound:  # Somebody who may see the run need not be one who may see each approval of it.
                continue
    return {"run": run.model_dump(mode="json"), "approvals": asked}
