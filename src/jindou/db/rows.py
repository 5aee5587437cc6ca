"""Rows read and written by the driver, for what every step of every run reads and writes.

The ORM's unit of work costs more than the statements that it makes, and its objects more than what is read of them.
Here a row is a plain object with the columns of its mapped class, which no session takes; what a transaction has read
or added it writes in its end, as far as it was changed, and the boundary of its organisation holds.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cache
from typing import Any, ClassVar, Generic, TypeVar, cast

from sqlalchemy import (
    ColumnElement,
    Dialect,
    Integer,
    Select,
    Table,
    UnaryExpression,
    and_,
    bindparam,
    insert,
    select,
    update,
)
from sqlalchemy.orm import class_mapper
from sqlalchemy.sql.visitors import iterate

from jindou.db.driver import Arrange, Driver, Prepared, arranging
from jindou.db.forms import read_form, write_form
from jindou.db.metadata import Base, Tenant

__all__ = ["Columns", "Query", "RowT", "Rows", "write_rows"]

RowT = TypeVar("RowT", bound=Base)

_KEY = "key_"
"""Before the names of the values that a row is found by: an update has them beside the new ones."""

_Forms = Sequence[tuple[str, Callable[[Any], Any]]]
_FormsAt = Sequence[tuple[int, Callable[[Any], Any]]]
_Change = tuple[type[Base], tuple[str, ...], dict[str, Any]]
"""The class of a row, the columns that have changed, and their values beside those that it is found by."""


class Columns:
    """A query for single columns, compiled once a dialect. Its values are `bindparam`s.

    Only its rows of `kind` are bounded to the organisation; what else it reads it joins to them by their `org_id`.
    """

    def __init__(self, kind: type[Base], query: Select[*tuple[Any, ...]]) -> None:
        self.kind = kind
        self._query = query
        self._compiled: dict[tuple[str, bool], tuple[str, Arrange, _FormsAt]] = {}
        read: list[object] = [each for each in iterate(query) if isinstance(each, Table)]
        self.tables: frozenset[object] = frozenset(read)
        """The tables that the query reads."""

    def compiled(self, dialect: Dialect, *, bounded: bool) -> tuple[str, Arrange, _FormsAt]:
        """Return the driver's SQL, what arranges its values, and what makes values of some of the columns found."""
        known = self._compiled.get((dialect.name, bounded))
        if known is None:
            mine = (_table(self.kind).columns["org_id"] == bindparam("bound_org_id"),) if bounded else ()
            query = self._query.where(*mine)
            forms = [read_form(column.type, dialect) for column in query.selected_columns]
            compiled = query.compile(dialect=dialect)
            needed = [(at, form) for at, form in enumerate(forms) if form is not None]
            known = self._compiled[dialect.name, bounded] = (str(compiled), arranging(compiled), needed)
        return known


class Query(Generic[RowT]):
    """A query for whole rows of one class, compiled once a dialect. Its values are `bindparam`s.

    `limit` names the value that says how many there are at most. `lock` keeps others from changing them until the
    transaction ends; `skip_locked` does so, too, and passes over those that others hold.
    """

    def __init__(
        self,
        kind: type[RowT],
        *where: ColumnElement[bool],
        order_by: ColumnElement[Any] | UnaryExpression[Any] | None = None,
        limit: str | None = None,
        lock: bool = False,
        skip_locked: bool = False,
    ) -> None:
        self.kind = kind
        self._where = where
        self._order_by = order_by
        self._limit = limit
        self._skip_locked = skip_locked
        self.is_locking = lock or skip_locked
        self._compiled: dict[tuple[str, bool], tuple[str, Arrange]] = {}
        read: list[object] = [each for one in where for each in iterate(one) if isinstance(each, Table)]
        self.tables: frozenset[object] = frozenset([_table(kind), *read])
        """The tables that the query reads."""

    def compiled(self, dialect: Dialect, *, bounded: bool) -> tuple[str, Arrange]:
        """Return the driver's SQL, and what arranges its values; `bounded` to the organisation `bound_org_id`."""
        known = self._compiled.get((dialect.name, bounded))
        if known is None:
            table = _table(self.kind)
            mine = (table.columns["org_id"] == bindparam("bound_org_id"),) if bounded else ()
            query = select(table).where(*self._where, *mine)
            if self._order_by is not None:
                query = query.order_by(self._order_by)
            if self._limit is not None:
                query = query.limit(bindparam(self._limit, type_=Integer()))
            if self.is_locking:
                query = query.with_for_update(skip_locked=self._skip_locked)
            compiled = query.compile(dialect=dialect)
            known = self._compiled[dialect.name, bounded] = (str(compiled), arranging(compiled))
        return known


class Rows:
    """The rows that one transaction has in hand. `org_id` bounds them; None is the platform itself.

    `mark` is done before a query has some of them written before the end.
    """

    def __init__(self, driver: Driver, org_id: str | None, mark: Callable[[], None]) -> None:
        self._driver = driver
        self._org_id = org_id
        self._mark = mark
        self._read: list[tuple[Base, dict[str, Any]]] = []
        self._added: list[Base] = []

    def fetch(self, query: Query[RowT], values: Mapping[str, object]) -> list[RowT]:
        """Return the rows that `query` finds; a later change of one is written by `flush`."""
        rows = self.look(query, values)
        self._read += [(row, vars(row).copy()) for row in rows]
        return rows

    def look(self, query: Query[RowT], values: Mapping[str, object]) -> list[RowT]:
        """Return the rows that `query` finds; a later change of one is not written."""
        self._settle(query.tables)
        kind = query.kind
        text, arrange = query.compiled(self._driver.dialect, bounded=self._is_bounded(kind))
        found = self._driver.read(text, arrange({**self._driver.plain(values), "bound_org_id": self._org_id}))
        if not found:
            return []
        columns, forms, plain = _columns(kind), _result_forms(kind, self._driver.dialect), _plain_of(kind)
        rows: list[RowT] = []
        for line in found:
            held = dict(zip(columns, line, strict=True))
            for name, form in forms:
                held[name] = form(held[name])
            rows.append(plain(held))
        return rows

    def read(self, query: Columns, values: Mapping[str, object]) -> list[list[Any]]:
        """Return the columns that `query` finds, line by line."""
        self._settle(query.tables)
        text, arrange, forms = query.compiled(self._driver.dialect, bounded=self._is_bounded(query.kind))
        found = self._driver.read(text, arrange({**self._driver.plain(values), "bound_org_id": self._org_id}))
        lines = [list(line) for line in found]
        for line in lines:
            for at, form in forms:
                line[at] = form(line[at])
        return lines

    def take(self, rows: Iterable[Base]) -> None:
        """Have later changes written of rows that stand in the database just as they are here.

        Raises:
            PermissionError: one belongs to another organisation.
        """
        for row in rows:
            self._require_own(row)
            self._read.append((row, vars(row).copy()))

    def new(self, kind: type[RowT], values: Mapping[str, object]) -> RowT:
        """Return a new row, which is added; a column without a value gets none.

        Raises:
            PermissionError: it belongs to another organisation.
        """
        nothing = _nothing(kind)
        held = {**nothing, **values}
        if len(held) != len(nothing):
            raise TypeError(f"{kind.__name__} has no {', '.join(held.keys() - nothing.keys())}.")
        row: RowT = _plain_of(kind)(held)
        self.add(row)
        return row

    def add(self, row: Base) -> None:
        """Have a new row written, whole: each of its columns has a value, or gets none.

        Raises:
            PermissionError: it belongs to another organisation.
        """
        self._require_own(row)
        self._added.append(row)

    def flush(self) -> None:
        """Write what was added, and what was changed of all that was read or added before.

        Raises:
            PermissionError: a row was moved to another organisation.
        """
        write_rows(self._driver, [self])

    def _settle(self, tables: AbstractSet[object]) -> None:
        """Write what is in hand, if something of it belongs to `tables`."""
        if self.is_pending(tables):
            self._mark()
            self.flush()

    def is_pending(self, tables: AbstractSet[object]) -> bool:
        """Say whether something of `tables` is not written yet."""
        return any(_table(_kind(row)) in tables for row in self._added) or any(
            vars(row) != before and _table(_kind(row)) in tables for row, before in self._read
        )

    def has_changes(self) -> bool:
        """Say whether something is not written yet."""
        return bool(self._added) or any(vars(row) != before for row, before in self._read)

    def take_changes(self) -> list[_Change]:
        """Return what is to be written of rows that were read or added before; it counts as written now."""
        changes: list[_Change] = []
        for row, before in self._read:
            held = vars(row)
            if held != before:
                kind = _kind(row)
                names = tuple(_changed(row, held, before))
                if names:
                    changes.append((kind, names, self._change(row, names)))
                before.update(held)
        return changes

    def take_added(self) -> list[Base]:
        """Return the rows that were added; they count as written now."""
        added, self._added = self._added, []
        self._read += [(row, vars(row).copy()) for row in added]
        return added

    def _change(self, row: Base, names: tuple[str, ...]) -> dict[str, Any]:
        self._require_own(row)
        if "org_id" in names:
            raise PermissionError("A unit of work moves no row to another organisation.")
        held = vars(row)
        return {name: held[name] for name in names} | {_KEY + name: held[name] for name in _keys(_kind(row))}

    def _is_bounded(self, kind: type[Base]) -> bool:
        return self._org_id is not None and _is_tenant(kind)

    def _require_own(self, row: Base) -> None:
        if self._org_id is not None and _is_tenant(_kind(row)) and vars(row).get("org_id") != self._org_id:
            raise PermissionError("A unit of work can't write into another organisation.")


def write_rows(driver: Driver, of: Iterable[Rows]) -> None:
    """Write what the rows of one transaction's units of work have to be written, in few statements.

    Raises:
        PermissionError: a row was moved to another organisation.
    """
    updates: dict[tuple[type[Base], tuple[str, ...]], list[dict[str, Any]]] = {}
    inserts: dict[type[Base], list[dict[str, Any]]] = {}
    for rows in of:
        for kind, names, values in rows.take_changes():
            updates.setdefault((kind, names), []).append(values)
        for row in rows.take_added():
            held, kind = vars(row), _kind(row)
            inserts.setdefault(kind, []).append({name: held.get(name) for name in _columns(kind)})
    for (kind, names), changes in updates.items():
        _write(driver, _update_of(kind, names), _bind_forms(kind, names, driver.dialect), changes)
    for kind, added in inserts.items():
        _write(driver, _insert_of(kind), _bind_forms(kind, _columns(kind), driver.dialect), added)


def _write(driver: Driver, prepared: Prepared, forms: _Forms, rows: Sequence[dict[str, Any]]) -> None:
    for values in rows:
        for name, form in forms:
            values[name] = form(values[name])
    driver.write(prepared, rows)


class _Plain:
    """A row that nothing watches; `mapped` is the class whose columns it has."""

    mapped: ClassVar[type[Base]]

    def __init__(self, held: dict[str, Any]) -> None:
        self.__dict__ = held


@cache
def _plain_of(kind: type[Base]) -> Callable[[dict[str, Any]], Any]:
    """Return what makes a row of its values: reading an attribute of the ORM's takes as long as a call."""
    class_mapper(kind)  # Only then are its columns complete.
    return type(kind.__name__, (_Plain,), {"mapped": kind, "__doc__": kind.__doc__})


def _kind(row: Base) -> type[Base]:
    """Return the mapped class of a row, which may be one of the ORM's that was added here."""
    of: type[Any] = type(row)
    return of.mapped if issubclass(of, _Plain) else of


def _changed(row: Base, held: Mapping[str, Any], before: Mapping[str, Any]) -> list[str]:
    """Return the columns that are not what they were."""
    columns = _columns(_kind(row))
    if isinstance(row, _Plain):
        # It has all of them, in one order.
        told = zip(columns, held.values(), before.values(), strict=True)
        return [name for name, value, was in told if value is not was and value != was]
    return [name for name in columns if held.get(name) != before.get(name)]


@cache
def _is_tenant(kind: type[Base]) -> bool:
    return issubclass(kind, Tenant)


@cache
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
def _nothing(kind: type[Base]) -> Mapping[str, None]:
    return dict.fromkeys(_columns(kind))


@cache
def _bind_forms(kind: type[Base], names: tuple[str, ...], dialect: Dialect) -> _Forms:
    """Return what puts the values of columns, and of keys, into the driver's form, where that is another one."""
    columns = _table(kind).columns
    found = [(name, write_form(columns[name].type, dialect)) for name in names]
    found += [(_KEY + name, write_form(columns[name].type, dialect)) for name in _keys(kind)]
    return [(name, form) for name, form in found if form is not None]


@cache
def _result_forms(kind: type[Base], dialect: Dialect) -> _Forms:
    """Return what makes values of columns out of what the driver gives, where that is something else."""
    found = [(column.name, read_form(column.type, dialect)) for column in _table(kind).columns]
    return [(name, form) for name, form in found if form is not None]
