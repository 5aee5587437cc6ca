"""Finding events: one query for all that may be asked for."""

from sqlalchemy import Select, or_, select

from jindou.identity.audit.tables import AuditEventRow
from jindou.identity.audit.types import AuditSearch
from jindou.identity.principals import PersonRow

__all__ = ["query_of"]


def query_of(asked: AuditSearch) -> Select[AuditEventRow]:
    """Return the query for an organisation's events that fit, the newest first."""
    query = select(AuditEventRow).order_by(AuditEventRow.seq.desc()).limit(asked.limit)
    if asked.who:
        called = select(PersonRow.id).where(PersonRow.handle == asked.who)
        columns = (AuditEventRow.actor, AuditEventRow.on_behalf_of, AuditEventRow.resource)
        query = query.where(or_(*(or_(column == asked.who, column.in_(called)) for column in columns)))
    if asked.action:
        query = query.where(AuditEventRow.action.startswith(asked.action, autoescape=True))
    if asked.decision is not None:
        query = query.where(AuditEventRow.decision == asked.decision)
    if asked.since is not None:
        query = query.where(AuditEventRow.at >= asked.since)
    if asked.until is not None:
        query = query.where(AuditEventRow.at < asked.until)
    if asked.before is not None:
        query = query.where(AuditEventRow.seq < asked.before)
    return query
