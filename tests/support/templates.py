"""A migrated database and the demo data of the packs, made once in a test run and copied for each home."""

import atexit
import shutil
from datetime import datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from jindou.assembly import installed_packs
from jindou.db import Database, migrate
from jindou.home import Home

__all__ = ["lay_database", "lay_home"]


def lay_home(home: Home, now: datetime) -> None:
    """Put a migrated database and each pack's data of that moment into a home that has neither."""
    lay_database(home.database)
    for made in _packs(now).iterdir():
        if not (home.packs / made.name).exists():
            shutil.copytree(made, home.packs / made.name)


def lay_database(path: Path) -> None:
    """Put a migrated and empty SQLite database where there is none."""
    if not path.exists():
        shutil.copy(_database(), path)


@cache
def _folder() -> Path:
    folder = Path(mkdtemp(prefix="jindou-templates-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def _database() -> Path:
    path = _folder() / "jindou.db"
    database = Database(f"sqlite:///{path}")
    migrate(database)
    database.close()
    return path


@cache
def _packs(now: datetime) -> Path:
    folder = _folder() / f"packs-{now:%Y%m%d%H%M%S}"
    for pack in installed_packs():
        (folder / pack.name).mkdir(mode=0o700, parents=True)
        pack.open(folder / pack.name, now).close()
    return folder
