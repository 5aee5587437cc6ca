"""The database: engine, unit of work, metadata, migrations."""

from jindou.db.driver import Driver, Prepared
from jindou.db.engine import Database, DatabaseUnavailable
from jindou.db.metadata import Base, Tenant, UtcDateTime
from jindou.db.migrate import migrate, require_newest, revision
from jindou.db.rows import Query
from jindou.db.session import Work

__all__ = [
    "Base",
    "Database",
    "DatabaseUnavailable",
    "Driver",
    "Prepared",
    "Query",
    "Tenant",
    "UtcDateTime",
    "Work",
    "migrate",
    "require_newest",
    "revision",
]
