"""What was done, by whom, for whom, by which rule: a hash chain that shows any change."""

from jindou.identity.audit.chain import verify_chain
from jindou.identity.audit.service import Audit, TrailUnreadable
from jindou.identity.audit.types import AuditEvent, AuditSearch, Decision, Entry, Finding, Verification

__all__ = [
    "Audit",
    "AuditEvent",
    "AuditSearch",
    "Decision",
    "Entry",
    "Finding",
    "TrailUnreadable",
    "Verification",
    "verify_chain",
]
