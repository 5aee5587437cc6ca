"""Whose task is next: every organisation in its turn, and in it every person in theirs."""

import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Any

from jindou.db import Prepared, Work
from jindou.durable.queue.finding import PRIORITIES, Seek, Seeks
from jindou.durable.queue.tables import TaskRow

__all__ = ["Turns"]


@dataclass(slots=True)
class Turns:
    """Who was last. Each process goes round by itself, which is as fair as one round for all of them."""

    _org: dict[int, str] = field(default_factory=dict[int, str])
    _person: dict[str, str] = field(default_factory=dict[str, str])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def last(self) -> dict[str, str]:
        """Return, as what a query has it `after`, the organisation that had its turn last at each priority."""
        return {f"after_{priority}": self._org.get(priority, "") for priority in PRIORITIES}

    def take(
        self, work: Work, seeks: Seeks, has_room: Callable[[str], bool], likely: Sequence[str | None] = ()
    ) -> TaskRow | None:
        """Lock and return the task of `seeks` whose turn it is; `has_room` says if an organisation may have one more.

        Two steps down an index find it, however many tasks wait. `likely` are the organisations that were just found to
        have their turn, by priority: mostly one step is enough for them.
        """
        with self._lock:
            for priority in PRIORITIES:
                urgent = {"now": work.moment(), "of_priority": priority}
                first = likely[priority] if likely else None
                if first is not None and has_room(first):
                    mine = {**urgent, "of_org": first}
                    found = work.fetch(seeks.next, **mine, after=self._person.get(first, ""), most=1)
                    if found:
                        self._org[priority], self._person[first] = first, found[0].person_id
                        return found[0]
                for org_id in _around(work, seeks.orgs, self._org.get(priority, ""), urgent):
                    row = self._of_org(work, seeks, {**urgent, "of_org": org_id}) if has_room(org_id) else None
                    if row is not None:
                        self._org[priority] = org_id
                        return row
        return None

    def _of_org(self, work: Work, seeks: Seeks, mine: dict[str, Any]) -> TaskRow | None:
        org_id: str = mine["of_org"]
        for person_id in _around(work, seeks.persons, self._person.get(org_id, ""), mine):
            found = work.fetch(seeks.oldest, **mine, of_person=person_id, most=1)
            if found:
                self._person[org_id] = person_id
                return found[0]
        return None


def _around(work: Work, seek: Seek, last: str, values: dict[str, Any]) -> Generator[str, None, None]:
    """Yield each value of a column once, in order, beginning with the one behind `last`."""

    def first(prepared: Prepared, **bounds: str) -> str | None:
        return next((str(value) for (value,) in work.ask(prepared, **values, **bounds)), None)

    value = first(seek.above, after=last)
    while value is not None:
        yield value
        value = first(seek.above, after=value)
    value = first(seek.within, until=last)
    while value is not None:
        yield value
        value = first(seek.between, after=value, until=last)
