"""Alembic at work on a connection. Loaded by `jindou.db.migrate` when a schema has to be changed."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

__all__ = ["MIGRATIONS", "bring"]

MIGRATIONS: Final = Path(__file__).parent / "migrations"
"""Alembic's folder: the revisions, and how they are run."""


def bring(connection: Connection, target: str) -> None:
    """Bring the database to `target`, up or, where that is ``base``, down."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    move = command.downgrade if target == "base" else command.upgrade
    move(config, target)
