"""Bring a database to the newest schema: one Alembic chain for all rooms."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext

from jindou.db.engine import Database

__all__ = ["migrate", "revision"]


def revision(database: Database) -> str | None:
    """Return the revision the database is at; None if it is empty."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def migrate(database: Database, target: str = "head") -> None:
    """Bring the database to `target`, up or down, in one transaction where the database can."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        if target == "base":
            command.downgrade(config, target)
        else:
            command.upgrade(config, target)
