"""A trail that grows while it is checked is whole, on either database."""

from pathlib import Path
from typing import Any

from sqlalchemy import event

from jindou.db import Database
from jindou.identity.audit import Audit, Entry
from jindou.identity.policy import Policy
from support.ground import OURS


def append(database: Database, audit: Audit) -> None:
    with database.writing(OURS) as work:
        entry = Entry(action="runs::start", resource="run_1", decision="allow")
        audit.append(work, OURS, actor="prs_1", on_behalf_of="prs_1", entry=entry)


def test_events_that_come_while_a_chain_is_checked_are_no_finding(database: Database, tmp_path: Path) -> None:
    audit = Audit(tmp_path / "heads.jsonl", Policy({}, {}))
    append(database, audit)
    audit.publish()
    read: list[str] = []

    def go_on(_connection: object, _cursor: object, statement: str, *_: Any) -> None:
        if statement.startswith("SELECT") and "audit_" in statement:
            read.append(statement)
            append(database, audit)

    event.listen(database.engine, "after_cursor_execute", go_on)
    with database.reading(OURS) as work:
        found = audit.examine(work, OURS)
    event.remove(database.engine, "after_cursor_execute", go_on)
    assert (found.ok, found.events, found.findings) == (True, 1, [])
    assert len(read) > 1
    with database.reading(OURS) as work:
        assert audit.examine(work, OURS).events == 1 + len(read)
