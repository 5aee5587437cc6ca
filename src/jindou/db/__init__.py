"""The database: engine, unit of work, metadata, migrations."""

from jindou.db.engine import Database, DatabaseUnavailable
from jindou.db.metadata import Base, Tenant, UtcDateTime
from jindou.db.migrate import migrate, revision
from jindou.db.session import Work

__all__ = ["Base", "Database", "DatabaseUnavailable", "Tenant", "UtcDateTime", "Work", "migrate", "revision"]
