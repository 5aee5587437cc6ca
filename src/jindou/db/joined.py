"""One transaction of the database, and what the units of work that share it write together at its end.

Mostly a transaction has one unit of work. Where it has several, each does what it does after the other, and what they
have in hand is written in the end, in as few statements as if it were one. What a unit of work writes before the end
stands behind a savepoint, so that one that fails takes nothing of the others with it.
"""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Protocol

from sqlalchemy import Connection, Transaction

from jindou.db.driver import Driver, Prepared
from jindou.db.rows import Rows, write_rows
from jindou.telemetry import get_logger

__all__ = ["Act", "Deferred", "Joined"]

_log = get_logger(__name__)

Act = Callable[[Any, Sequence[Any]], None]
"""Does with a unit of work what was kept for the end of the transaction, all of it at once."""

Deferred = tuple[Prepared, Sequence[Mapping[str, Any]]]
"""A statement and its rows, as the driver takes them."""


class Member(Protocol):
    """A unit of work, as its transaction knows it."""

    is_marked: bool
    ends: list[tuple[Act, Any]]
    after_commits: list[Callable[[], None]]
    deferred: list[Deferred]

    @property
    def rows(self) -> Rows | None:
        """The rows that it has in hand."""
        ...

    @property
    def is_pending(self) -> bool:
        """Whether it has something in hand that is not written yet."""
        ...

    def flush_session(self) -> None:
        """Write what its ORM session has."""
        ...

    def close(self) -> None:
        """Let go of the objects of its session."""
        ...


def _tell(action: Callable[[], None]) -> None:
    try:
        action()
    except Exception:  # noqa: BLE001 - what was written is durable, and nobody may take it for undone
        _log.exception("not told after a commit")


class Joined:
    """The members of a transaction; the last one is at work, the others have done what they do.

    `known` is what one of them has found out for all of them. Where it is not `shared` all of it fails with a member.
    """

    def __init__(self, connection: Connection, *, shared: bool = False) -> None:
        self._connection = connection
        self._transaction: Transaction | None = None
        self._is_durable = False
        self.is_shared = shared
        self.known: dict[object, Any] = {}
        self._members: list[Member] = []
        self._driver: Driver | None = None
        self._broken: BaseException | None = None

    @property
    def connection(self) -> Connection:
        """The connection as SQLAlchemy has it, which is told of the transaction only where somebody uses it so."""
        if self._transaction is None:
            if self._driver is not None:
                # SQLAlchemy would connect anew, and what is written then would stand without what was before.
                self._driver.require_connected()
            self._transaction = self._connection.begin()
        return self._connection

    @property
    def driver(self) -> Driver:
        """The driver of the connection."""
        if self._driver is None:
            self._driver = Driver(self._connection)
        return self._driver

    def commit(self) -> None:
        """Make it durable."""
        self._close()
        if self._transaction is None:
            self.driver.commit()
        elif self._transaction.is_active:
            self._transaction.commit()
        self._is_durable = True

    def end(self) -> None:
        """Undo all of it unless it is durable; what went with its connection is undone already."""
        self._close()
        if self._transaction is not None:
            self._transaction.close()
        elif not (self._is_durable or self._connection.invalidated):
            self.driver.rollback()

    def add(self, member: Member) -> None:
        """Have one more member, which is at work from now on."""
        self._members.append(member)

    def drop(self) -> None:
        """Undo what the member at work has written, and let it have never been there.

        It raises where that can't be done: what the others have written is lost.
        """
        member = self._members.pop()
        member.close()
        self._require_whole()
        if member.is_marked:
            self.driver.run("ROLLBACK TO SAVEPOINT member")
        else:
            # A statement that fails before the savepoint ends all of it on a server, whose commit then writes nothing.
            self.driver.read("SELECT 1")

    def mark(self) -> None:
        """Before the member at work writes: have what it writes be undone alone."""
        if self.is_shared and len(self._members) > 1 and not self._members[-1].is_marked:
            try:
                self._write(self._members[:-1])
                self.driver.run("SAVEPOINT member")
            except BaseException as error:
                self._broken = error
                raise
            self._members[-1].is_marked = True

    def flush(self) -> None:
        """Write what all of them have in hand."""
        if not self.is_shared or any(member.is_pending for member in self._members):
            self.mark()
            self._write(self._members)

    def settle(self, tables: AbstractSet[object]) -> None:
        """Write what all of them have in hand, if something of it belongs to `tables`."""
        if any(member.rows is not None and member.rows.is_pending(tables) for member in self._members):
            self.flush()

    def finish(self) -> None:
        """Write everything, then do what is kept for the end."""
        self._require_whole()
        self.is_shared = False
        self._write(self._members)
        while ends := self._take_ends():
            for act, items in ends.items():
                act(self._members[0], items)
            self._write(self._members)

    def _require_whole(self) -> None:
        """Raise what has kept something from being written that belongs to others than who was at work."""
        if self._broken is not None:
            raise self._broken

    def _take_ends(self) -> dict[Act, list[Any]]:
        """Return what is kept for the end by what does it; that is done in the order in which it came first."""
        ends: dict[Act, list[Any]] = {}
        for member in self._members:
            for act, item in member.ends:
                ends.setdefault(act, []).append(item)
            member.ends.clear()
        return ends

    def tell(self) -> None:
        """Do what waited for the commit, in the order in which they were at work."""
        for member in self._members:
            actions = member.after_commits[:]
            member.after_commits.clear()
            for action in actions:
                _tell(action)

    def _close(self) -> None:
        """Let go of what the members hold."""
        for member in self._members:
            member.close()

    def _write(self, members: Sequence[Member]) -> None:
        for member in members:
            member.flush_session()
        write_rows(self.driver, [member.rows for member in members if member.rows is not None])
        deferred: dict[Prepared, list[Mapping[str, Any]]] = {}
        for member in members:
            for prepared, rows in member.deferred:
                deferred.setdefault(prepared, []).extend(rows)
            member.deferred.clear()
        for prepared, rows in deferred.items():
            self.driver.write(prepared, rows)
