"""Rows as an earlier version left them: written down once as SQL that both databases take, and laid into a schema.

``python -m support.old_rows HOME`` writes down what is in a home's SQLite database.
"""

import sqlite3
import sys
from collections.abc import Collection, Iterator
from contextlib import closing
from pathlib import Path

from jindou.db import Database, migrate

__all__ = ["lay_rows", "read_rows"]

_INTO = "INSERT INTO "
_END = ";\n"
_QUOTE = "'"


def lay_rows(database: Database, file: Path, revision: str = "head", tables: Collection[str] = ()) -> None:
    """Bring an empty database to a schema, and put the rows there, or those of some tables."""
    migrate(database, revision)
    with database.engine.begin() as connection:
        if not database.is_sqlite:
            connection.exec_driver_sql("SET LOCAL TIME ZONE 'UTC'")
        for statement in file.read_text(encoding="utf-8").split(_END):
            table = statement.removeprefix(_INTO).partition(" ")[0]
            if table and (not tables or table in tables):
                connection.exec_driver_sql(statement.replace("%", "%%"))


def read_rows(path: Path) -> Iterator[str]:
    """Yield a statement for each row of a SQLite database, but for where its migrations are."""
    with closing(sqlite3.connect(path)) as database:
        tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")]
        for table in tables:
            if table == "alembic_version":
                continue
            kinds = {row[1]: row[2] for row in database.execute(f"PRAGMA table_info({table})")}
            names = ", ".join(kinds)
            for row in database.execute(f"SELECT {names} FROM {table} ORDER BY rowid"):  # noqa: S608 - the schema's own
                values = map(_literal, row, kinds.values())
                yield f"{_INTO}{table} ({names}) VALUES ({', '.join(values)})"


def _literal(value: object, kind: str) -> str:
    if value is None:
        return "NULL"
    if kind == "BOOLEAN":
        return "TRUE" if value else "FALSE"
    return str(value) if isinstance(value, int) else f"'{str(value).replace(_QUOTE, _QUOTE * 2)}'"


if __name__ == "__main__":
    sys.stdout.write("".join(f"{row}{_END}" for row in read_rows(Path(sys.argv[1]) / "jindou.db")))
