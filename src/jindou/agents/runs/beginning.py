"""The row of a run that begins."""

from typing import Any

from jindou.agents.assistants import Assistant
from jindou.agents.runs.tables import RunRow
from jindou.db import Work
from jindou.identity.principals import Principal

__all__ = ["new_run"]


def new_run(
    work: Work,
    who: Principal,
    assistant: Assistant,
    message: str,
    currency: str,
    *,
    conversation_id: str,
    **further: Any,
) -> RunRow:
    """Add a run that nothing has been done of; `further` columns say what it comes of."""
    begun: dict[str, Any] = {"steps": 0, **further}
    return work.new(
        RunRow,
        id=work.new_id("run"),
        org_id=who.org_id,
        conversation_id=conversation_id,
        assistant=assistant.slug,
        assistant_version=assistant.version,
        person_id=who.person_id,
        person_name=who.name,
        message=message,
        status="queued",
        rules=[],
        tokens=0,
        cost_micro=0,
        currency=currency,
        worked_ms=0,
        cancel_requested=False,
        pause_requested=False,
        last_event=0,
        created_at=work.now(),
        **begun,
    )
