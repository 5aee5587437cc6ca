"""Connections to a database server: what it has closed goes out to nobody, and its time is read now and then."""

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from jindou.db import Database, DatabaseUnavailable
from support.servers import Server, open_server


@pytest.fixture(scope="module")
def own_server() -> Generator[Server]:
    """Return a server that a test may restart."""
    with open_server(durable=True) as server:
        yield server


def count(database: Database) -> int:
    with database.reading(None) as work:
        return work.session.connection().execute(text("SELECT count(*) FROM organisation")).scalar_one()


def write(database: Database) -> None:
    with database.writing(None) as work:
        work.session.connection().execute(text("UPDATE organisation SET name = 'Nobody' WHERE id = ''"))


def use_at_once(database: Database, connections: int, seconds: float = 0.3) -> None:
    """Use so many connections at the same time, so that they lie in the pool afterwards."""

    def hold(_number: int) -> None:
        with database.reading(None) as work:
            work.session.connection().execute(text(f"SELECT pg_sleep({seconds})"))

    with ThreadPoolExecutor(connections) as threads:
        list(threads.map(hold, range(connections)))


def restart(server: Server) -> None:
    server.stop()
    server.start()


def break_off(database: Database, server: Server, entered: list[str]) -> None:
    with database.writing(None) as work:
        entered.append("once")
        work.session.connection().execute(text("SELECT 1"))
        restart(server)
        work.session.connection().execute(text("SELECT 1"))


def go_on_after_a_loss(database: Database) -> None:
    """Write in a unit of work whose connection was lost, as somebody does who takes the loss for an answer."""
    with database.writing(None) as work:
        (backend,) = work.aside.read("SELECT pg_backend_pid()")[0]
        with database.reading(None) as other:
            other.aside.read("SELECT pg_terminate_backend(%s)", (backend,))
        with suppress(DBAPIError):
            work.aside.read("SELECT 1")
        added = "INSERT INTO organisation (id, name, created_at) VALUES ('org_2', 'Second half', now())"
        work.session.connection().execute(text(added))


def test_nothing_goes_on_in_another_connection_when_one_was_lost(own_server: Server) -> None:
    with closing(own_server.open()) as database:
        before = count(database)
        with pytest.raises(DatabaseUnavailable):
            go_on_after_a_loss(database)
        assert count(database) == before


def test_the_first_works_after_a_restart_of_the_server_are_done(own_server: Server) -> None:
    with closing(own_server.open()) as database:
        use_at_once(database, 6)
        restart(own_server)
        write(database)
        assert [count(database) for _ in range(8)] == [0] * 8
        restart(own_server)
        assert count(database) == 0


def test_many_that_come_at_once_after_a_restart_are_all_served(own_server: Server) -> None:
    with closing(own_server.open()) as database:
        use_at_once(database, 6)
        restart(own_server)
        use_at_once(database, 12, seconds=0.05)


def test_while_the_server_is_away_the_database_is_unavailable(own_server: Server) -> None:
    with closing(own_server.open()) as database:
        use_at_once(database, 3)
        own_server.stop()
        try:
            with pytest.raises(DatabaseUnavailable):
                count(database)
        finally:
            own_server.start()
        assert count(database) == 0


def test_what_breaks_in_the_middle_of_a_work_is_not_done_again(own_server: Server) -> None:
    with closing(own_server.open()) as database:
        entered: list[str] = []
        with pytest.raises(DatabaseUnavailable):
            break_off(database, own_server, entered)
        assert entered == ["once"]
        write(database)


def test_who_is_gone_without_a_word_is_noticed_on_both_sides(own_server: Server) -> None:
    with closing(own_server.open()) as database, database.reading(None) as work:
        connection = work.session.connection()
        assert connection.execute(text("SHOW idle_in_transaction_session_timeout")).scalar_one() == "1min"
        parameters = own(connection).info.get_parameters()
        assert (parameters["keepalives_idle"], parameters["tcp_user_timeout"]) == ("10", "25000")
    with closing(Database(f"{own_server.create()}?keepalives_idle=99")) as told, told.reading(None) as work:
        assert own(work.session.connection()).info.get_parameters()["keepalives_idle"] == "99"


def own(connection: Connection) -> Any:
    return connection.connection.driver_connection
