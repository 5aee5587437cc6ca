"""Tenancy: a table whose rows belong to somebody says to whom. Read from the metadata, once every table is imported."""

from collections.abc import Iterable, Iterator, Mapping

from houserules.tree import Exceptions, Finding

__all__ = ["check"]


def check(tables: Mapping[str, Iterable[str]], exceptions: Exceptions) -> Iterator[Finding]:
    """Yield the tables, given by name with the names of their columns, that have no `org_id`."""
    for table, columns in tables.items():
        if "org_id" not in columns and not exceptions.allow("tenancy", table):
            yield Finding("src/jindou", 1, "tenancy", f"Table `{table}` does not say whose its rows are: add `org_id`.")
