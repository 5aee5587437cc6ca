"""What was done, by whom, for whom, by which rule."""

from datetime import datetime

from pydantic import BaseModel

__all__ = ["AuditEvent", "Finding", "Verification"]


class AuditEvent(BaseModel):
    """One link of an organisation's audit chain. `hash` covers every other field and `previous`."""

    seq: int
    at: datetime
    actor: str
    on_behalf_of: str
    action: str
    resource: str
    decision: str
    rules: list[str]
    run_id: str
    step_id: str
    detail: dict[str, object]
    previous: str
    hash: str


class Finding(BaseModel):
    """Something wrong with the chain at `seq`: ``changed``, ``removed`` or ``inserted``."""

    seq: int
    kind: str
    message: str


class Verification(BaseModel):
    """The result of checking a chain from its first event to its head."""

    ok: bool
    events: int
    head: str
    findings: list[Finding]
