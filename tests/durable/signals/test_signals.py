"""A message reaches every process on the same database, once what it tells of is durable."""

import queue
from collections.abc import Generator
from contextlib import contextmanager

import pytest

from jindou.db import Database, Work
from jindou.durable.signals import Signals
from support.servers import Server

SECONDS = 60.0
Heard = queue.SimpleQueue[str]


@contextmanager
def hearing(database: Database) -> Generator[tuple[Signals, Heard]]:
    signals, heard = Signals(database), Heard()
    signals.subscribe("jindou_test", heard.put)
    signals.start()
    if not signals.is_alone:
        assert heard.get(timeout=SECONDS) == "", "It listens, and something may have been said before."
    try:
        yield signals, heard
    finally:
        signals.stop()


def publish_and_fail(work: Work, signals: Signals) -> None:
    signals.publish(work, "jindou_test", "never")
    raise KeyError


def test_everybody_is_told_after_the_commit_and_only_then(database: Database) -> None:
    with hearing(database) as (signals, heard):
        with pytest.raises(KeyError), database.writing(None) as work:
            publish_and_fail(work, signals)
        with database.writing(None) as work:
            signals.publish(work, "jindou_test", "run_1")
            assert heard.empty()
        assert heard.get(timeout=SECONDS) == "run_1"
        assert heard.empty(), "Nobody hears himself twice."


def test_another_process_is_told_too(server: Server) -> None:
    database = Database(server.create())
    with hearing(database) as (mine, heard), hearing(database) as (_, elsewhere):
        with database.writing(None) as work:
            mine.publish_elsewhere(work, "jindou_test", "kept")
        assert elsewhere.get(timeout=SECONDS) == "kept"
        mine.send_elsewhere("jindou_test", ["one", "筋斗" * 1000])
        assert [elsewhere.get(timeout=SECONDS) for _ in range(2)] == ["one", "筋斗" * 1000]
        assert heard.empty()
    database.close()


def test_who_listens_hears_that_something_may_be_missing_after_the_server_was_away(server: Server) -> None:
    database = Database(server.create())
    with hearing(database) as (signals, heard):
        with database.writing(None) as work:
            others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE starts_with(query, 'LISTEN')"
            work.session.connection().exec_driver_sql(others)
        assert heard.get(timeout=SECONDS) == ""
        signals.stop()
    database.close()
