"""Units of work of several threads in one transaction: a commit costs as much for one of them as for all.

Whoever comes while a transaction is under way waits, and the next one is for all who wait. They are at work one after
the other, each in its own thread; the last of them commits for all. So nobody waits who is alone.
"""

import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from jindou.db.joined import Joined
from jindou.db.session import Work
from jindou.telemetry import get_logger

__all__ = ["Opener", "Together"]

AskT = TypeVar("AskT")

_ALONE = 16
"""So many transactions are for one each after a shared one has failed: what broke it breaks only itself."""

_log = get_logger(__name__)


class Opener(Protocol):
    """What a database does for those who share transactions."""

    def begin(self, stack: ExitStack, *, shared: bool) -> Joined:
        """Open a transaction, which commits when `stack` is closed."""
        ...

    def open(self, joined: Joined, org_id: str | None) -> Work:
        """Open a unit of work in it."""
        ...

    def broken(self, error: BaseException) -> Exception:
        """Return what to raise where somebody else has had an error."""
        ...


def _locked() -> threading.Lock:
    lock = threading.Lock()
    lock.acquire()
    return lock


@dataclass(slots=True, eq=False)
class _Member(Generic[AskT]):
    """Somebody who waits: for a turn, and then for the end of the group's transaction."""

    ask: AskT
    turn: threading.Lock = field(default_factory=_locked)
    end: threading.Lock = field(default_factory=_locked)
    group: "_Group[AskT] | None" = None
    is_left: bool = False
    error: BaseException | None = None


@dataclass(slots=True, eq=False)
class _Group(Generic[AskT]):
    """A transaction, and those it is for; `at` is the one at work."""

    stack: ExitStack
    joined: Joined
    members: Sequence[_Member[AskT]]
    at: int = 0
    error: BaseException | None = None


class Together(Generic[AskT]):
    """Opens units of work in transactions that at most `most` of them share.

    Before they are at work `prepare` does for all of them what each would begin with. It gets what they ask, and a unit
    of work that sees every organisation, and says of each whether it is ready: one that would have kept the others
    waiting is not, and has a transaction of its own. One that is alone always is.
    """

    def __init__(self, opener: Opener, prepare: Callable[[Work, Sequence[AskT]], Sequence[bool]], most: int) -> None:
        self._opener = opener
        self._prepare = prepare
        self._most = most
        self._alone = 0
        self._lock = threading.Lock()
        self._waiting: list[_Member[AskT]] = []
        self._is_busy = False

    @contextmanager
    def writing(self, org_id: str, ask: AskT) -> Generator[Work]:
        """Open a unit of work of an organisation; once the block has been left it is durable.

        An error in the block undoes what it has written, and nothing of the others.

        Raises:
            DatabaseUnavailable: the database is locked, full or gone, or others have broken the transaction; nothing
                was written.
        """
        member = _Member(ask)
        group = self._enter(member)
        try:
            yield self._opener.open(group.joined, org_id)
        except BaseException as error:
            self._fail(group, error)
            self._leave(group, member)
            raise
        self._leave(group, member)
        if member.error is not None:
            raise member.error

    def _enter(self, member: _Member[AskT]) -> _Group[AskT]:
        """Wait for the member's turn."""
        with self._lock:
            self._waiting.append(member)
            leads, self._is_busy = not self._is_busy, True
        if not leads:
            member.turn.acquire()
        if member.error is not None:
            raise member.error
        if member.group is None and not member.is_left:
            self._begin(member)
        return member.group or self._begin_alone(member)

    def _begin(self, leader: _Member[AskT]) -> None:
        """Open a transaction for all who wait, the `leader` first; those who are left out go on alone."""
        with self._lock:
            most = 1 if self._alone else self._most
            self._alone = max(0, self._alone - 1)
            waiting, self._waiting = self._waiting[:most], self._waiting[most:]
        members = waiting
        try:
            with ExitStack() as stack:
                joined = self._opener.begin(stack, shared=len(waiting) > 1)
                ready = self._prepare(self._opener.open(joined, None), [member.ask for member in waiting])
                members = [member for member, is_ready in zip(waiting, ready, strict=True) if is_ready]
                # For nobody, it ends here.
                opened = stack.pop_all() if members else ExitStack()
        except BaseException as error:
            if len(waiting) > 1:
                self._alone = _ALONE
            self._next()
            self._wake(waiting[1:], error)
            raise
        group = _Group(opened, joined, members)
        for member in waiting:
            member.is_left = member not in members
            member.group = None if member.is_left else group
        if not members:
            self._next()
        elif members[0] is not leader:
            members[0].turn.release()
        for member in waiting:
            if member.is_left and member is not leader:
                member.turn.release()

    def _begin_alone(self, member: _Member[AskT]) -> _Group[AskT]:
        with ExitStack() as stack:
            joined = self._opener.begin(stack, shared=False)
            self._prepare(self._opener.open(joined, None), [member.ask])
            return _Group(stack.pop_all(), joined, [member])

    def _fail(self, group: _Group[AskT], error: BaseException) -> None:
        """Undo what the member at work has written; where that can't be done alone, nobody's is."""
        if not group.joined.is_shared:
            group.error = error
            return
        try:
            group.joined.drop()
        except Exception as broken:  # noqa: BLE001 - whatever it is, the transaction is over
            group.error = broken

    def _leave(self, group: _Group[AskT], member: _Member[AskT]) -> None:
        """Let the next one be at work, and wait for the end; the last one brings it about."""
        group.at += 1
        if group.error is None and group.at < len(group.members):
            group.members[group.at].turn.release()
            member.end.acquire()
            return
        try:
            if group.error is None:
                group.stack.close()
            else:
                group.stack.__exit__(type(group.error), group.error, group.error.__traceback__)
        except BaseException as error:  # noqa: BLE001 - whoever shares the transaction is told, whatever it is
            group.error = error
        others = [other for other in group.members if other is not member]
        if not others:
            member.error = group.error
        elif group.error is not None:
            _log.warning("a shared transaction failed", extra={"fields": {"error": str(group.error)}})
            self._alone = _ALONE
            member.error = self._opener.broken(group.error)
        if not member.is_left:
            self._next()
        self._wake(others, group.error)

    def _next(self) -> None:
        """Let the next transaction begin."""
        with self._lock:
            self._is_busy = bool(self._waiting)
            if self._waiting:
                self._waiting[0].turn.release()

    def _wake(self, members: Sequence[_Member[AskT]], error: BaseException | None) -> None:
        """Tell members how their transaction ended."""
        for member in members:
            member.error = None if error is None else self._opener.broken(error)
            # One waits for its turn or for the end, whichever it had come to.
            member.turn.release()
            member.end.release()
