"""What was done, by whom, for whom, by which rule."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

__all__ = ["GENESIS", "AuditEvent", "AuditSearch", "Decision", "Entry", "Finding", "Verification", "hash_of"]

GENESIS = "0" * 64
"""What the first event of a chain has as its `previous`."""


class Entry(BaseModel):
    """What somebody did or was refused, before it has its place in the chain."""

    action: str
    resource: str
    decision: str
    rules: list[str] = Field(default_factory=list[str])
    run_id: str = ""
    step_id: str = ""
    detail: dict[str, object] = Field(default_factory=dict[str, object])


class AuditEvent(Entry):
    """One link of an organisation's audit chain. `hash` covers every other field, `previous` among them."""

    org_id: str
    seq: int
    at: datetime
    actor: str
    on_behalf_of: str
    previous: str
    hash: str

    def expected_hash(self) -> str:
        """Return the SHA-256, in hexadecimal, of the event's canonical JSON: keys sorted, no spaces, UTF-8."""
        return hash_of(self.model_dump(mode="json", exclude={"hash"}))


def hash_of(content: Mapping[str, object]) -> str:
    """Return the hash of an event whose fields are plain JSON, all but itself."""
    return hashlib.sha256(_canonical(content).encode()).hexdigest()


_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


Decision = Literal["allow", "ask", "deny"]
_Word = Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")]


class AuditSearch(BaseModel):
    """Which events to find: all of what is given has to fit.

    `who` acted, had it done, or had it done to them: a handle or an id. `action` is how the action begins. Only events
    older than number `before` are found, the newest first.
    """

    model_config = ConfigDict(extra="forbid")

    who: _Word = ""
    action: _Word = ""
    decision: Decision | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    before: int | None = Field(default=None, ge=1, le=2**63 - 1)
    limit: int = Field(default=100, ge=1, le=1000)


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
