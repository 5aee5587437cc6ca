"""Whose task is next: every organisation in its turn, and in it every person in theirs."""

import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute

from jindou.db import Work
from jindou.durable.queue.tables import TaskRow

__all__ = ["PRIORITIES", "Turns"]

PRIORITIES = (0, 1)
"""What people wait for, and what is in the background."""

Where = Sequence[ColumnElement[bool]]


@dataclass(slots=True)
class Turns:
    """Who was last. Each process goes round by itself, which is as fair as one round for all of them."""

    _org: dict[int, str] = field(default_factory=dict[int, str])
    _person: dict[str, str] = field(default_factory=dict[str, str])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, work: Work, ready: Where, has_room: Callable[[str], bool]) -> TaskRow | None:
        """Lock and return the task of `ready` whose turn it is; `has_room` says if an organisation may have one more.

        Two steps down an index find it, however many tasks wait.
        """
        with self._lock:
            for priority in PRIORITIES:
                urgent = [*ready, TaskRow.priority == priority]
                for org_id in _around(work, TaskRow.org_id, urgent, self._org.get(priority, "")):
                    row = self._of_org(work, [*urgent, TaskRow.org_id == org_id], org_id) if has_room(org_id) else None
                    if row is not None:
                        self._org[priority] = org_id
                        return row
        return None

    def _of_org(self, work: Work, mine: Where, org_id: str) -> TaskRow | None:
        for person_id in _around(work, TaskRow.person_id, mine, self._person.get(org_id, "")):
            oldest = select(TaskRow).where(*mine, TaskRow.person_id == person_id).order_by(TaskRow.available_at)
            row = work.session.scalars(oldest.limit(1).with_for_update(skip_locked=True)).first()
            if row is not None:
                self._person[org_id] = person_id
                return row
        return None


def _around(work: Work, column: InstrumentedAttribute[str], where: Where, after: str) -> Generator[str, None, None]:
    """Yield each value of a column once, in order, beginning with the one behind `after`."""
    for part in (column > after, column <= after):
        at: list[ColumnElement[bool]] = []
        while True:
            query = select(column).where(*where, part, *at).order_by(column).limit(1)
            value = work.session.scalars(query).first()
            if value is None:
                break
            yield value
            at = [column > value]
