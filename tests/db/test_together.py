"""Units of work of several threads in one transaction: what they share, and what they do not."""

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, bindparam
from sqlalchemy.exc import IntegrityError

from jindou.agents.runs.tables import RunEventRow
from jindou.db import Database, DatabaseUnavailable, Query, Work
from jindou.db import together as sharing
from support.commits import before_commits
from support.ground import OTHERS, OURS
from support.waiting import wait_for

MINE = Query(RunEventRow, RunEventRow.run_id == bindparam("run_id"), order_by=RunEventRow.seq.asc())
LOCKED = Query(RunEventRow, RunEventRow.run_id == bindparam("run_id"), lock=True)
AT = datetime(2026, 3, 1, tzinfo=UTC)

Joining = Callable[[str, str], AbstractContextManager[Work]]


class Queue(sharing.Together[Any]):
    """Says how many wait for the next transaction."""

    def __len__(self) -> int:
        """Return their number."""
        return len(self._waiting)


class Together:
    """Threads that wait for one transaction together, as one before it is held open."""

    def __init__(self, database: Database, refuse: str = "", fail: str = "") -> None:
        self.database = database
        self.prepared: list[list[str]] = []
        self.commits = 0
        self.told: list[str] = []
        self._refuse = refuse
        self._fail = fail
        self._queue, self._joining = joining(database, self._prepare)
        self._hold = threading.Event()

    def _prepare(self, work: Work, asks: Sequence[str]) -> Sequence[bool]:
        assert work.org_id is None
        self.prepared.append(list(asks))
        if self._fail in asks and len(asks) > 1:
            raise ValueError(asks)
        return [ask != self._refuse or len(asks) == 1 for ask in asks]

    def _count(self, engine: Engine) -> None:
        self.commits += engine is self.database.engine

    def write(self, name: str, act: Callable[[Work], None], org_id: str = OURS) -> None:
        """Do something in a unit of work that may be shared."""
        with self._joining(org_id, name) as work:
            act(work)
            work.after_commit(lambda: self.told.append(name))

    def share(self, **acts: Callable[[Work], None]) -> dict[str, BaseException | None]:
        """Do all of `acts` in one transaction, as far as they let it be one; return the error of each."""
        errors: dict[str, BaseException | None] = {}

        def first(_work: Work) -> None:
            assert self._hold.wait(60)

        def run(name: str, act: Callable[[Work], None]) -> None:
            try:
                self.write(name, act)
            except BaseException as error:  # noqa: BLE001 - the test looks at it
                errors[name] = error
            else:
                errors[name] = None

        self._hold.clear()
        threads = [threading.Thread(target=run, args=("first", first))]
        threads[0].start()
        wait_for(lambda: self.prepared[-1:] == [["first"]])
        for number, (name, act) in enumerate(acts.items(), 1):
            threads.append(threading.Thread(target=run, args=(name, act)))
            threads[-1].start()
            wait_for(lambda number=number: len(self._queue) == number)
        self.commits = 0
        end = before_commits(self._count)
        self._hold.set()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()
        end()
        return {name: errors[name] for name in acts}


def joining(database: Database, prepare: Callable[[Work, Sequence[str]], Sequence[bool]]) -> tuple[Queue, Joining]:
    """Return what opens units of work that share transactions, and those who wait for theirs."""
    made: list[Queue] = []

    def make(*asked: Any) -> Queue:
        made.append(Queue(*asked))
        return made[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("jindou.db.engine.Together", make)
        opens = database.together(prepare)
    return made[0], opens


def adding(run_id: str, seq: int = 1, *, flush: bool = False) -> Callable[[Work], None]:
    def add(work: Work) -> None:
        org_id = work.org_id or OURS
        work.new(RunEventRow, org_id=org_id, run_id=run_id, seq=seq, type="run.notice", at=AT, data={})
        if flush:
            work.flush()

    return add


def failing(act: Callable[[Work], None]) -> Callable[[Work], None]:
    def fail(work: Work) -> None:
        act(work)
        raise ValueError("no")

    return fail


def kept(database: Database, org_id: str | None = None) -> set[str]:
    with database.reading(org_id) as work:
        return {row.run_id for name in "abcd" for row in work.fetch(MINE, run_id=name)}


def test_who_waits_meanwhile_shares_the_next_transaction(database: Database) -> None:
    together = Together(database)
    assert together.share(a=adding("a"), b=adding("b"), c=adding("c")) == {"a": None, "b": None, "c": None}
    assert together.prepared == [["first"], ["a", "b", "c"]]
    assert together.commits == 2
    assert together.told == ["first", "a", "b", "c"]
    assert kept(database) == {"a", "b", "c"}


def test_who_is_alone_waits_for_nobody(database: Database) -> None:
    together = Together(database)
    together.write("a", adding("a"))
    assert together.prepared == [["a"]]
    assert kept(database) == {"a"}


def test_each_sees_and_writes_its_own_organisation(database: Database) -> None:
    together = Together(database)

    def look(work: Work) -> None:
        assert work.org_id == OURS
        with pytest.raises(PermissionError):
            work.new(RunEventRow, org_id=OTHERS, run_id="b", seq=1, type="run.notice", at=AT, data={})

    assert together.share(a=adding("a"), b=look) == {"a": None, "b": None}
    assert kept(database, OTHERS) == set()


@pytest.mark.parametrize("flush", [False, True], ids=["in hand", "written"])
def test_one_that_fails_takes_nothing_of_the_others_with_it(database: Database, *, flush: bool) -> None:
    together = Together(database)
    wrong = failing(adding("b", flush=flush))
    errors = together.share(a=adding("a", flush=flush), b=wrong, c=adding("c", flush=flush))
    assert isinstance(errors.pop("b"), ValueError)
    assert errors == {"a": None, "c": None}
    assert together.commits == 2
    assert together.told == ["first", "a", "c"]
    assert kept(database) == {"a", "c"}


def test_what_one_wrote_to_read_it_again_is_undone_with_it(database: Database) -> None:
    together = Together(database)

    def look(work: Work) -> None:
        adding("b")(work)
        assert len(work.fetch(MINE, run_id="b")) == 1

    errors = together.share(a=adding("a"), b=failing(look), c=adding("c"))
    assert isinstance(errors.pop("b"), ValueError)
    assert errors == {"a": None, "c": None}
    assert kept(database) == {"a", "c"}


def test_nobody_has_done_what_another_could_not_write_for_them(database: Database) -> None:
    together = Together(database)
    together.write("d", adding("d"))
    errors = together.share(d=adding("d"), b=adding("b", flush=True), c=adding("c"))
    assert all(isinstance(error, DatabaseUnavailable) for name, error in errors.items() if name != "b")
    assert errors["b"] is not None
    assert kept(database) == {"d"}


def test_nobody_has_done_it_where_the_server_has_given_the_transaction_up(database: Database) -> None:
    together = Together(database)

    def ask(work: Work) -> None:
        work.aside.read("SELECT nothing FROM nowhere")

    errors = together.share(a=adding("a", flush=True), b=ask)
    assert errors["b"] is not None
    assert ("a" in kept(database)) == (errors["a"] is None)


def test_the_last_one_may_fail(database: Database) -> None:
    together = Together(database)
    errors = together.share(a=adding("a"), b=failing(adding("b")))
    assert isinstance(errors["b"], ValueError)
    assert kept(database) == {"a"}


def test_what_breaks_a_shared_transaction_breaks_only_itself_the_next_time(database: Database) -> None:
    together = Together(database)
    together.write("d", adding("d"))
    acts = {"a": adding("a"), "d": adding("d"), "c": adding("c")}
    errors = together.share(**acts)
    assert all(isinstance(error, DatabaseUnavailable) for error in errors.values())
    assert kept(database) == {"d"}
    errors = together.share(**acts)
    assert isinstance(errors["d"], IntegrityError)
    assert kept(database) == {"a", "c", "d"}


def test_an_error_in_what_prepares_is_everybodys(database: Database) -> None:
    def refuse(_work: Work, asks: Sequence[str]) -> Sequence[bool]:
        raise ValueError(asks)

    joining = database.together(refuse)
    with pytest.raises(ValueError, match="mine"), joining(OURS, "mine"):
        pytest.fail("It was not ready.")
    with database.writing(OURS) as work:
        adding("a")(work)
    assert kept(database) == {"a"}


def test_what_can_not_be_prepared_together_is_prepared_alone_the_next_time(database: Database) -> None:
    together = Together(database, fail="b")
    acts = {"a": adding("a"), "b": adding("b"), "c": adding("c")}
    assert all(error is not None for error in together.share(**acts).values())
    assert together.share(**acts) == {"a": None, "b": None, "c": None}
    assert kept(database) == {"a", "b", "c"}


@pytest.mark.parametrize("refused", ["a", "b", "c"])
def test_one_that_is_not_ready_has_a_transaction_of_its_own(database: Database, refused: str) -> None:
    together = Together(database, refuse=refused)
    assert together.share(a=adding("a"), b=adding("b"), c=adding("c")) == {"a": None, "b": None, "c": None}
    assert together.prepared[1:] == [["a", "b", "c"], [refused]]
    assert together.commits == 3
    assert kept(database) == {"a", "b", "c"}
    together.write("d", adding("d"))
    assert kept(database) == {"a", "b", "c", "d"}


def test_who_locks_rows_sees_what_the_others_have_in_hand(database: Database) -> None:
    together = Together(database)
    together.write("a", adding("a"))

    def count(work: Work) -> None:
        (row,) = work.fetch(LOCKED, run_id="a")
        row.data = {"n": row.data.get("n", 0) + 1}

    assert together.share(a=count, b=count, c=count) == {"a": None, "b": None, "c": None}
    with database.reading(OURS) as work:
        assert work.fetch(MINE, run_id="a")[0].data == {"n": 3}


def test_what_is_kept_for_the_end_is_done_once_for_all(database: Database) -> None:
    together = Together(database)
    done: list[Sequence[str]] = []

    def act(_work: Work, items: Sequence[str]) -> None:
        done.append(list(items))

    def end(name: str) -> Callable[[Work], None]:
        return lambda work: work.at_end(act, name)

    errors = together.share(a=end("a"), b=failing(end("b")), c=end("c"))
    assert isinstance(errors["b"], ValueError)
    assert done == [["a", "c"]]


def test_whoever_is_told_may_fail_and_the_commit_stands(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    def tell() -> None:
        raise ValueError("no")

    with database.writing(OURS) as work:
        adding("a")(work)
        work.after_commit(tell)
    assert kept(database) == {"a"}
    assert "not told after a commit" in caplog.text
