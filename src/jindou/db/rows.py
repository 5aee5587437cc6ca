"""Rows written at once by the driver, for what is written at every step of every run.

The ORM's unit of work keeps what changed, sorts it and prepares a statement at every flush, which costs more than the
statement. Here a row is an object of its mapped class all the same, no session keeps it, and the boundary of its
organisation holds.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, cast

from sqlalchemy import Dialect, Table, and_, bindparam, insert, update

from jindou.db.driver import Driver, Prepared
from jindou.db.metadata import Base, Tenant

__all__ = ["insert_row", "update_row"]

_KEY = "key_"
"""Before the names of the values that a row is found by: an update has them beside the new ones."""


def insert_row(driver: Driver, row: Base, org_id: str | None) -> None:
    """Write a new row, whole: every column has its value.

    Raises:
        PermissionError: it belongs to another organisation than `org_id`.
    """
    _require_own(row, org_id)
    kind = type(row)
    _write(driver, kind, _insert_of(kind), {name: getattr(row, name) for name in _columns(kind)})


def update_row(driver: Driver, row: Base, names: tuple[str, ...], org_id: str | None) -> None:
    """Write the columns `names` of a row that is there.

    Raises:
        PermissionError: it belongs to another organisation than `org_id`, or would be moved to one.
    """
    _require_own(row, org_id)
    if "org_id" in names:
        raise PermissionError("A unit of work moves no row to another organisation.")
    kind = type(row)
    values = {name: getattr(row, name) for name in names}
    values |= {_KEY + name: getattr(row, name) for name in _keys(kind)}
    _write(driver, kind, _update_of(kind, names), values)


def _require_own(row: Base, org_id: str | None) -> None:
    if org_id is not None and isinstance(row, Tenant) and row.org_id != org_id:
        raise PermissionError("A unit of work can't write into another organisation.")


def _write(driver: Driver, kind: type[Base], prepared: Prepared, values: Mapping[str, Any]) -> None:
    forms = _forms(kind, driver.dialect)
    driver.write(
        prepared, [{name: form(value) if (form := forms.get(name)) else value for name, value in values.items()}]
    )


def _table(kind: type[Base]) -> Table:
    return cast("Table", kind.__table__)


@cache
def _columns(kind: type[Base]) -> tuple[str, ...]:
    return tuple(_table(kind).columns.keys())


@cache
def _keys(kind: type[Base]) -> tuple[str, ...]:
    """Return the columns that say which row it is, and whose."""
    keys = [column.name for column in _table(kind).primary_key]
    return (*keys, "org_id") if issubclass(kind, Tenant) and "org_id" not in keys else tuple(keys)


@cache
def _insert_of(kind: type[Base]) -> Prepared:
    return Prepared(insert(_table(kind)), _columns(kind))


@cache
def _update_of(kind: type[Base], names: tuple[str, ...]) -> Prepared:
    table = _table(kind)
    keys = [table.columns[name] == bindparam(_KEY + name) for name in _keys(kind)]
    return Prepared(update(table).where(and_(*keys)), names)


@cache
def _forms(kind: type[Base], dialect: Dialect) -> dict[str, Callable[[Any], Any]]:
    """Return what puts the values of columns into the driver's form, where that is another one."""
    forms: dict[str, Callable[[Any], Any]] = {}
    for column in _table(kind).columns:
        form = column.type.dialect_impl(dialect).bind_processor(dialect)
        if form is not None:
            forms[column.name] = forms[_KEY + column.name] = form
    return forms
