"""The unit of work: one transaction, one organisation. Services use it and never commit; the door does."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection, Engine, Update, event
from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction, with_loader_criteria
from typing_extensions import override

from jindou.db.driver import Driver
from jindou.db.metadata import Tenant
from jindou.ids import IdMaker
from jindou.telemetry import Clock

__all__ = ["BareWork", "Work", "open_session"]


class BareWork:
    """One transaction without a session, close to the driver, with the time and new ids. It sees every organisation."""

    org_id: str | None = None

    def __init__(self, connection: Connection | None, clock: Clock, ids: IdMaker) -> None:
        self._connection = connection
        self._clock = clock
        self._ids = ids

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""
        return self._clock.now()

    def new_id(self, prefix: str) -> str:
        """Return a new sortable id such as ``run_06f3…``."""
        return self._ids.new_id(prefix, self.now())

    def driver(self) -> Driver:
        """Return the way to the transaction's driver."""
        assert self._connection is not None  # noqa: S101 - one with a session has its own way
        return Driver(self._connection)


class Work(BareWork):
    """One transaction of one organisation, with the time and new ids."""

    def __init__(
        self, session: Session, org_id: str | None, clock: Clock, ids: IdMaker, random_bytes: Callable[[int], bytes]
    ) -> None:
        super().__init__(None, clock, ids)
        self.session = session
        self.org_id = org_id
        self._random_bytes = random_bytes
        self._after_commit: list[Callable[[], None]] = []

    @override
    def driver(self) -> Driver:
        """Return the way to the transaction's driver; what the session has added so far goes first."""
        self.session.flush()
        return Driver(self.session.connection())

    def random_token(self) -> str:
        """Return 256 random bits as 64 hexadecimal digits."""
        return self._random_bytes(32).hex()

    def after_commit(self, action: Callable[[], None]) -> None:
        """Have `action` done once the transaction is durable; never if it fails."""
        self._after_commit.append(action)

    def run_after_commit(self) -> None:
        """Do what waited for the commit; the database calls this."""
        actions, self._after_commit = self._after_commit, []
        for action in actions:
            action()


class _TenantSession(Session):
    """A session that sees and writes the rows of one organisation only."""


def open_session(bind: Engine, org_id: str | None) -> Session:
    """Return a session for `org_id`; None sees every organisation."""
    return _TenantSession(bind, expire_on_commit=False, info={"org_id": org_id})


def _filter_by_tenant(state: ORMExecuteState) -> None:
    org_id: str | None = state.session.info["org_id"]
    if org_id is None or state.is_column_load or state.is_relationship_load:
        return
    if not state.is_orm_statement:
        raise PermissionError("A unit of work of one organisation takes statements on mapped classes only.")
    _refuse_foreign_values(state)
    mine = with_loader_criteria(Tenant, lambda row: row.org_id == org_id, include_aliases=True)
    state.statement = state.statement.options(mine)


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
