"""The audit trail as the server sends it."""

from datetime import datetime

from pydantic import BaseModel

__all__ = ["AuditEvent", "Finding", "Verification"]


class AuditEvent(BaseModel):
    """One link of the organisation's audit chain."""

    action: str
    resource: str
    decision: str
    rules: list[str] = []
    run_id: str = ""
    step_id: str = ""
    detail: dict[str, object] = {}
    org_id: str
    seq: int
    at: datetime
    actor: str
    on_behalf_of: str
    previous: str
    hash: str


class Finding(BaseModel):
    """Something wrong with the chain at `seq`: ``changed``, ``removed`` or ``inserted``."""

    seq: int
    kind: str
    message: str


class Verification(BaseModel):
    """The result of checking the chain from its first event to its head."""

    ok: bool
    events: int
    head: str
    findings: list[Finding]
