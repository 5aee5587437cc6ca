"""Commits as they happen, whichever way they go: by SQLAlchemy, or past it by the driver."""

from collections.abc import Callable

import pytest
from sqlalchemy import Connection, Engine, event

from jindou.db.driver import Driver

__all__ = ["before_commits"]


def before_commits(action: Callable[[Engine], None]) -> Callable[[], None]:
    """Have `action` done right before every commit of this process; the result ends that."""
    commit = Driver.commit

    def before_one(connection: Connection) -> None:
        action(connection.engine)

    def commit_by_driver(driver: Driver) -> None:
        action(driver.engine)
        commit(driver)

    def end() -> None:
        event.remove(Engine, "commit", before_one)
        patch.undo()

    patch = pytest.MonkeyPatch()
    event.listen(Engine, "commit", before_one)
    patch.setattr(Driver, "commit", commit_by_driver)
    return end
