"""The database: engine, unit of work, metadata, migrations."""

from jindou.db.driver import Driver, Prepared
from jindou.db.engine import Database, DatabaseUnavailable
from jindou.db.metadata import Base, Tenant
from jindou.db.migrate import DatabaseNewer, migrate, require_newest, revision
from jindou.db.rows import Query
from jindou.db.session import Work

__all__ = [
    "Base",
    "Database",
    "DatabaseNewer",
    "DatabaseUnavailable",
    "Driver",
    "Prepared",
    "Query",
    "Tenant",
    "Work",
    "migrate",
    "require_newest",
    "revision",
]
