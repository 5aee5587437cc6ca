"""Close to the driver, for transactions that many callers wait for: statements compiled once, values as they are."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any

from sqlalchemy import ClauseElement, ColumnElement, Connection, DateTime, Dialect, Engine, Interval, bindparam, func
from sqlalchemy.exc import DBAPIError

__all__ = ["Arrange", "Driver", "Prepared", "arranging"]

Arrange = Callable[[Mapping[str, Any]], Any]
"""Makes a statement's parameters, as the driver takes them, of its values by name."""


def arranging(compiled: Any) -> Arrange:
    """Return what arranges the values of a compiled statement; those that stand in the statement itself it knows."""
    known: dict[str, Any] = dict(compiled.params)
    if not compiled.positional:
        return lambda values: {**known, **values}
    names: list[str] = compiled.positiontup
    if len(names) == 1:
        return lambda values: (values.get(names[0], known[names[0]]),)
    if not names:
        return lambda _: ()
    take = itemgetter(*names)

    def arrange(values: Mapping[str, Any]) -> Any:
        try:
            return take(values)
        except KeyError:
            return take({**known, **values})

    return arrange


class Prepared:
    """A statement, compiled once a dialect. One that writes rows takes mappings with the values of `names`.

    Without `names` the statement says itself which values it takes.
    """

    def __init__(self, statement: ClauseElement, names: Sequence[str] = ()) -> None:
        self.statement = statement
        self._names = list(names) or None
        self._compiled: dict[str, tuple[str, Arrange]] = {}

    @staticmethod
    def moment(name: str, *, by_server: bool) -> ColumnElement[Any]:
        """Return a place in a statement for what `Work.moment` returns."""
        if by_server:
            return func.statement_timestamp(type_=DateTime(timezone=True)) + bindparam(name, type_=Interval())
        return bindparam(name)

    def compiled(self, dialect: Dialect) -> tuple[str, Arrange]:
        """Return the SQL for the driver, and what makes its parameters of a row."""
        known = self._compiled.get(dialect.name)
        if known is None:
            compiled = self.statement.compile(dialect=dialect, column_keys=self._names)
            known = self._compiled[dialect.name] = (str(compiled), arranging(compiled))
        return known


class Driver:
    """A connection's driver. Its statements see every organisation: who uses it filters by `org_id`.

    SQLAlchemy's own way to it costs more than many a statement; its errors are raised all the same.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.dialect = connection.dialect
        self.is_sqlite = connection.dialect.name == "sqlite"
        self._pooled = connection.connection
        self._lost: BaseException | None = None
        self._cursor: Any = self._do(lambda _text, _values: self._pooled.cursor(), "", ())
        self._mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"

    def write(self, prepared: Prepared, rows: Sequence[Mapping[str, Any]]) -> int:
        """Write `rows`, and return how many rows that changed. A time in them is what `time` returns."""
        if not rows:
            return 0
        text, ordered = prepared.compiled(self.dialect)
        if len(rows) == 1:
            return self._execute(text, ordered(rows[0])).rowcount
        self._do(self._cursor.executemany, text, [ordered(row) for row in rows])
        return self._cursor.rowcount

    def ask(self, prepared: Prepared, values: Mapping[str, Any]) -> Sequence[Any]:
        """Return the rows of a query, as the driver has them. A time in `values` is what `time` returns."""
        text, ordered = prepared.compiled(self.dialect)
        return self.read(text, ordered(values))

    def read(self, text: str, values: Sequence[object] | Mapping[str, object] = ()) -> Sequence[Any]:
        """Return the rows of a query in the driver's SQL."""
        return self._execute(text, values if isinstance(values, Mapping) else tuple(values)).fetchall()

    @property
    def engine(self) -> Engine:
        """The engine of the connection."""
        return self._connection.engine

    def commit(self) -> None:
        """End the transaction, and make it durable."""
        self._do(lambda _text, _values: self._pooled.commit(), "COMMIT", ())

    def rollback(self) -> None:
        """End the transaction, and undo it."""
        self._do(lambda _text, _values: self._pooled.rollback(), "ROLLBACK", ())

    def run(self, text: str) -> None:
        """Do a statement without values."""
        self._execute(text, ())

    def _execute(self, text: str, values: object) -> Any:
        return self._do(self._cursor.execute, text, values)

    def require_connected(self) -> None:
        """Raise once more what the connection was lost with: nothing may go on in another one."""
        if self._lost is not None:
            raise self._lost

    def _do(self, action: Callable[[str, Any], Any], text: str, values: Any) -> Any:
        self.require_connected()
        try:
            return action(text, values)
        except Exception as error:
            raise self._told(error, text, values) from error

    def _told(self, error: Exception, text: str, values: Any) -> BaseException:
        """Return what SQLAlchemy would raise; a connection that is gone is used no more, nor are those beside it."""
        base = self.dialect.loaded_dbapi.Error
        is_gone = isinstance(error, base) and self.dialect.is_disconnect(error, self._pooled.dbapi_connection, None)
        if is_gone:
            self._connection.invalidate(error)
            self._connection.engine.dispose()
        told = DBAPIError.instance(
            text, values, error, base, connection_invalidated=is_gone, dialect=self.dialect, hide_parameters=True
        )
        if is_gone:
            self._lost = told
        return told

    def marks(self, count: int = 1) -> str:
        """Return `count` places for values in the driver's SQL."""
        return ", ".join([self._mark] * count)

    def time(self, at: datetime) -> object:
        """Return a time as a column of `UtcDateTime` has it."""
        at = at.astimezone(UTC)
        return at.replace(tzinfo=None).isoformat(" ", "microseconds") if self.is_sqlite else at

    def plain(self, values: Mapping[str, object]) -> dict[str, Any]:
        """Return values with the times among them as `time` returns them."""
        return {name: self.time(value) if isinstance(value, datetime) else value for name, value in values.items()}

    def read_time(self, value: Any) -> datetime:
        """Return the time that a column of `UtcDateTime` has."""
        at = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
