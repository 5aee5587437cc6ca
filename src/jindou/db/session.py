"""The unit of work: one transaction, one organisation. Services use it and never commit; the door does."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    DateTime,
    Table,
    Update,
    UpdateBase,
    event,
    func,
    literal,
)
from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction, with_loader_criteria
from sqlalchemy.sql.base import ExecutableOption
from sqlalchemy.sql.visitors import iterate

from jindou.db.clock import ServerClock
from jindou.db.driver import Driver, Prepared
from jindou.db.joined import Act, Deferred, Joined
from jindou.db.metadata import Base, Tenant, UtcDateTime
from jindou.db.rows import Columns, Query, Rows, RowT
from jindou.ids import IdMaker
from jindou.telemetry import Clock

__all__ = ["Work"]

ItemT = TypeVar("ItemT")


class Work:
    """One transaction of one organisation, with the time and new ids. `org_id` None sees every organisation.

    Several may share one transaction, one after the other; what they have in hand is written in its end.
    """

    def __init__(
        self,
        joined: Joined,
        org_id: str | None,
        clock: Clock,
        ids: IdMaker,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._joined = joined
        self.org_id = org_id
        self._clock = clock
        self._ids = ids
        self._random_bytes = random_bytes
        self._session: Session | None = None
        self.rows: Rows | None = None
        self.is_marked = False
        self.ends: list[tuple[Act, Any]] = []
        self.after_commits: list[Callable[[], None]] = []
        self.deferred: list[Deferred] = []
        joined.add(self)

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""
        return self._clock.now()

    def at(self, after: timedelta = timedelta()) -> ColumnElement[datetime]:
        """Return the time `after` from now for a statement: on a server, by its own clock as the statement begins."""
        if self.by_server:
            return func.statement_timestamp(type_=DateTime(timezone=True)) + after
        return literal(self.now() + after, UtcDateTime())

    @property
    def by_server(self) -> bool:
        """Whether time is told by the database's server."""
        return isinstance(self._clock, ServerClock)

    def moment(self, after: timedelta = timedelta()) -> datetime | timedelta:
        """Return the time `after` from now, for a place that `Prepared.moment` makes in a statement."""
        return after if self.by_server else self.now() + after

    def new_id(self, prefix: str) -> str:
        """Return a new sortable id such as ``run_06f3…``."""
        return self._ids.new_id(prefix, self.now())

    def new_ids(self, prefix: str, count: int) -> list[str]:
        """Return `count` new ids, in their order."""
        return self._ids.new_ids(prefix, count, self.now())

    def random_token(self) -> str:
        """Return 256 random bits as 64 hexadecimal digits."""
        return self._random_bytes(32).hex()

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is SQLite, which has one writer at a time."""
        return self._joined.driver.is_sqlite

    @property
    def known(self) -> dict[object, Any]:
        """What the units of work of this transaction have found out for each other."""
        return self._joined.known

    @property
    def session(self) -> Session:
        """The ORM's session in this transaction; what rows were in hand is written first."""
        self._joined.flush()
        if self._session is None:
            self._joined.mark()
            self._session = _TenantSession(
                self._joined.connection, expire_on_commit=False, info={"org_id": self.org_id}
            )
        return self._session

    @property
    def driver(self) -> Driver:
        """The driver of this transaction's connection; what was added or changed so far is written first.

        Its statements see every organisation: who uses it filters by `org_id`.
        """
        self._joined.flush()
        self._joined.mark()
        return self._joined.driver

    @property
    def aside(self) -> Driver:
        """The driver, to read and to lock what no row in hand has to do with: that is not written first."""
        return self._joined.driver

    def execute(self, statement: UpdateBase) -> CursorResult[Any]:
        """Change a table that spans organisations, without its objects.

        Raises:
            PermissionError: its rows belong to one organisation each.
        """
        if statement.table in _tenant_tables():
            raise PermissionError("Rows of one organisation are changed as objects.")
        self._joined.flush()
        self._joined.mark()
        return self._joined.connection.execute(statement)

    def change(self, prepared: Prepared, **values: object) -> int:
        """Change a table that spans organisations, and return how many rows were.

        Raises:
            PermissionError: its rows belong to one organisation each.
        """
        return self.change_each(prepared, [values])

    def change_each(self, prepared: Prepared, rows: Sequence[Mapping[str, object]]) -> int:
        """Change a table as `change` does, once for each of `rows`, and return how many rows were in all.

        Raises:
            PermissionError: its rows belong to one organisation each.
        """
        if getattr(prepared.statement, "table", None) in _tenant_tables():
            raise PermissionError("Rows of one organisation are changed as objects.")
        self._joined.settle(_tables_of(prepared))
        self._joined.mark()
        driver = self._joined.driver
        return driver.write(prepared, [driver.plain(row) for row in rows])

    def write(self, prepared: Prepared, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write `rows` now, before what is in hand. They are as the driver takes them, and of any organisation."""
        if rows:
            self._joined.mark()
            self._joined.driver.write(prepared, rows)

    def ask(self, prepared: Prepared, **values: object) -> Sequence[Any]:
        """Return what a query finds in tables that span organisations, as the driver has it.

        Raises:
            PermissionError: its rows belong to one organisation each.
        """
        if not _spans(prepared):
            raise PermissionError("Rows of one organisation are read as objects.")
        self._joined.settle(_tables_of(prepared))
        driver = self._joined.driver
        return driver.ask(prepared, driver.plain(values))

    def fetch(self, query: Query[RowT], **values: object) -> list[RowT]:
        """Return the rows of a query; a change of one is written at the end of the transaction."""
        self.flush_session()
        if query.is_locking:
            # Who locks a row wants it as it is now, whoever of this transaction has it in hand.
            self._joined.settle(query.tables)
        return self._open_rows().fetch(query, values)

    def look(self, query: Query[RowT], **values: object) -> list[RowT]:
        """Return the rows of a query as `fetch` does; what is changed of one is written only once it is `take`n."""
        self.flush_session()
        return self._open_rows().look(query, values)

    def read(self, query: Columns, **values: object) -> list[list[Any]]:
        """Return the columns that a query finds, line by line."""
        self.flush_session()
        return self._open_rows().read(query, values)

    def take(self, rows: Iterable[Base]) -> None:
        """Have later changes written of rows that stand in the database just as they are here.

        Raises:
            PermissionError: one belongs to another organisation.
        """
        self._open_rows().take(rows)

    def new(self, kind: type[RowT], /, **values: object) -> RowT:
        """Return a new row, which is written whole at the end of the transaction; a column without a value gets none.

        Raises:
            PermissionError: it belongs to another organisation.
        """
        return self._open_rows().new(kind, values)

    def add(self, row: Base) -> None:
        """Have a new row written, whole.

        Raises:
            PermissionError: it belongs to another organisation.
        """
        self._open_rows().add(row)

    def later(self, prepared: Prepared, rows: Sequence[Mapping[str, Any]]) -> None:
        """Have a statement write `rows` at the end of the transaction; they are as the driver takes them.

        It sees every organisation: who uses it filters by `org_id`.
        """
        if rows:
            self.deferred.append((prepared, rows))

    def flush(self) -> None:
        """Write what was added or changed so far; the database does so at the end."""
        self._joined.flush()

    def close(self) -> None:
        """Let go of the objects of the session; the database calls this."""
        if self._session is not None:
            self._session.close()

    def flush_session(self) -> None:
        """Write what the ORM's session has; the transaction calls this."""
        if self._session is not None and (self._session.new or self._session.dirty or self._session.deleted):
            self._session.flush()

    @property
    def is_pending(self) -> bool:
        """Whether something is in hand that is not written yet."""
        session = self._session
        if session is not None and (session.new or session.dirty or session.deleted):
            return True
        return bool(self.deferred) or (self.rows is not None and self.rows.has_changes())

    def _open_rows(self) -> Rows:
        if self.rows is None:
            self.rows = Rows(self._joined.driver, self.org_id, self._joined.mark)
        return self.rows

    def at_end(self, act: Callable[["Work", Sequence[ItemT]], None], item: ItemT) -> None:
        """Have `act` done once at the end of the transaction, with all items that it is to have.

        What it locks is the last that this transaction waits for. It gets a unit of work of this transaction that sees
        at least this organisation.
        """
        self.ends.append((act, item))

    def after_commit(self, action: Callable[[], None]) -> None:
        """Have `action` done once the transaction is durable; never if it fails."""
        self.after_commits.append(action)


class _TenantSession(Session):
    """A session that sees and writes the rows of one organisation only."""


def _filter_by_tenant(state: ORMExecuteState) -> None:
    org_id: str | None = state.session.info["org_id"]
    if org_id is None or state.is_column_load or state.is_relationship_load:
        return
    if not state.is_orm_statement:
        raise PermissionError("A unit of work of one organisation takes statements on mapped classes only.")
    _refuse_foreign_values(state)
    state.statement = state.statement.options(_rows_of(org_id))


@cache
def _tenant_tables() -> frozenset[object]:
    return frozenset(mapper.local_table for mapper in Base.registry.mappers if issubclass(mapper.class_, Tenant))


@cache
def _tables_of(prepared: Prepared) -> frozenset[object]:
    found: list[object] = [of for of in iterate(prepared.statement) if isinstance(of, Table)]
    return frozenset(found)


@cache
def _spans(prepared: Prepared) -> bool:
    """Say whether a query reads no table whose rows belong to one organisation each."""
    return not _tables_of(prepared) & _tenant_tables()


@lru_cache
def _rows_of(org_id: str) -> ExecutableOption:
    """Return the filter; making one costs as much as a query."""
    return with_loader_criteria(Tenant, lambda row: row.org_id == org_id, include_aliases=True)


def _refuse_foreign_values(state: ORMExecuteState) -> None:
    """An insert, or a new `org_id`, goes through the session's objects: there it is stamped and checked."""
    mapper = state.bind_mapper
    if mapper is None or not issubclass(mapper.class_, Tenant):
        return
    if state.is_insert or (isinstance(state.statement, Update) and "org_id" in state.statement.compile().params):
        raise PermissionError("A unit of work adds rows as objects, and moves none to another organisation.")


def _stamp_tenant(session: Session, _context: UOWTransaction, _instances: object) -> None:
    org_id: str | None = session.info["org_id"]
    if org_id is None:
        return
    for row in (*session.new, *session.dirty):
        if not isinstance(row, Tenant):
            continue
        if getattr(row, "org_id", None) is None:
            row.org_id = org_id
        elif row.org_id != org_id:
            raise PermissionError("A unit of work can't write into another organisation.")


event.listen(_TenantSession, "do_orm_execute", _filter_by_tenant)
event.listen(_TenantSession, "before_flush", _stamp_tenant)
