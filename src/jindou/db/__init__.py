"""The database: engine, unit of work, metadata, migrations."""

from jindou.db.driver import Prepared
from jindou.db.engine import Database, DatabaseUnavailable
from jindou.db.metadata import Base, Tenant, UtcDateTime
from jindou.db.migrate import migrate, require_newest, revision
from jindou.db.rows import Columns, Query
from jindou.db.session import Work

__all__ = [
    "Base",
    "Columns",
    "Database",
    "DatabaseUnavailable",
    "Prepared",
    "Query",
    "Tenant",
    "UtcDateTime",
    "Work",
    "migrate",
    "require_newest",
    "revision",
]
