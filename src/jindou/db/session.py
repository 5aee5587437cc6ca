"""The unit of work: one transaction, one organisation. Services use it and never commit; the door does."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Engine, event
from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction, with_loader_criteria

from jindou.db.metadata import Tenant
from jindou.ids import IdMaker
from jindou.telemetry import Clock

__all__ = ["Work", "open_session"]


class Work:
    """One transaction of one organisation, with the time and new ids."""

    def __init__(
        self, session: Session, org_id: str | None, clock: Clock, ids: IdMaker, random_bytes: Callable[[int], bytes]
    ) -> None:
        self.session = session
        self.org_id = org_id
        self._clock = clock
        self._ids = ids
        self._random_bytes = random_bytes
        self._after_commit: list[Callable[[], None]] = []

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""
        return self._clock.now()

    def new_id(self, prefix: str) -> str:
        """Return a new sortable id such as ``run_06f3…``."""
        return self._ids.new_id(prefix, self.now())

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


@event.listens_for(_TenantSession, "do_orm_execute")
def _filter_by_tenant(state: ORMExecuteState) -> None:  # pyright: ignore[reportUnusedFunction]
    org_id: str | None = state.session.info["org_id"]
    if org_id is None or state.is_column_load or state.is_relationship_load:
        return
    criteria = with_loader_criteria(Tenant, lambda table: table.org_id == org_id, include_aliases=True)  # pyright: ignore
    state.statement = state.statement.options(criteria)


@event.listens_for(_TenantSession, "before_flush")
def _stamp_tenant(session: Session, _context: UOWTransaction, _instances: object) -> None:  # pyright: ignore[reportUnusedFunction]
    org_id: str | None = session.info["org_id"]
    for row in session.new:
        if not isinstance(row, Tenant) or org_id is None:
            continue
        if getattr(row, "org_id", None) is None:
            row.org_id = org_id
        elif row.org_id != org_id:
            raise PermissionError("A unit of work can't write into another organisation.")
