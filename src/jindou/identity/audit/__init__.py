from jindou.identity.audit.types import AuditEvent, Finding, Verification

__all__ = ["AuditEvent", "Finding", "Verification"]
