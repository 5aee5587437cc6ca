"""Whatever somebody does to the trail in the database, verifying finds it and names the event."""

import json
from collections.abc import Callable, Generator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, text, update

from jindou.db import Database, Work
from jindou.errors import Forbidden
from jindou.identity.audit import Audit, AuditEvent, AuditSearch, Entry, TrailUnreadable, Verification
from jindou.identity.audit.tables import AuditEventRow, AuditHeadRow
from jindou.identity.policy import Policy
from jindou.identity.principals import Person, Principal, Principals
from support.ground import OTHERS, OURS, open_database

EVENTS = 9


@pytest.fixture
def database(tmp_path: Path) -> Generator[Database]:
    with open_database(tmp_path) as database:
        yield database


@pytest.fixture
def audit(tmp_path: Path, database: Database) -> Audit:
    audit = Audit(tmp_path / "heads.jsonl", Policy({}, {}))
    for n in range(1, EVENTS + 1):
        append(database, audit, n)
    return audit


def append(database: Database, audit: Audit, n: int, org_id: str = OURS) -> AuditEvent:
    entry = Entry(action="runs::start", resource=f"run {n}", decision="allow", rules=["r"], detail={"n": n, "名": "é"})
    with database.writing(org_id) as work:
        audit.append(work, org_id, actor="prs_1", on_behalf_of="prs_1", entry=entry)
    with database.reading(org_id) as work:
        return audit.search(work, person("manager"), AuditSearch(limit=1))[0]


def person(*roles: str) -> Principal:
    return Principal(org_id=OURS, person_id="prs_1", handle="p", name="P", roles=roles, language="en", actor="prs_1")


def verify(database: Database, audit: Audit) -> Verification:
    with database.reading(OURS) as work:
        return audit.verify(work, person("manager"))


def found(database: Database, audit: Audit) -> list[tuple[int, str]]:
    verification = verify(database, audit)
    assert verification.ok == (not verification.findings)
    assert all(str(finding.seq) in finding.message for finding in verification.findings)
    return [(finding.seq, finding.kind) for finding in verification.findings]


def tamper(database: Database, change: Callable[[list[AuditEventRow]], None]) -> None:
    with database.writing(None) as work:
        change(list(work.session.scalars(select(AuditEventRow).order_by(AuditEventRow.seq))))


def remove(database: Database, *seqs: int) -> None:
    with database.writing(None) as work:
        work.session.execute(delete(AuditEventRow).where(AuditEventRow.seq.in_(seqs)))


def rehash(row: AuditEventRow) -> None:
    """Give a row the hash that its content should have, as somebody who knows the code would."""
    row.hash = AuditEvent(**{name: getattr(row, name) for name in AuditEvent.model_fields}).expected_hash()


def shorten(database: Database, last: int) -> None:
    """Cut the end off and move the head, so that the database agrees with itself."""
    with database.writing(None) as work:
        work.session.execute(delete(AuditEventRow).where(AuditEventRow.seq > last))
        digest = work.session.get_one(AuditEventRow, (OURS, last)).hash
        work.session.execute(update(AuditHeadRow).values(seq=last, hash=digest))


def forge(database: Database, seq: int, previous: str) -> None:
    with database.writing(None) as work:
        model = work.session.get_one(AuditEventRow, (OURS, 1))
        fields: dict[str, Any] = {name: getattr(model, name) for name in AuditEvent.model_fields}
        event = AuditEvent.model_validate({**fields, "seq": seq, "previous": previous})
        event.hash = event.expected_hash()
        work.session.add(AuditEventRow(**event.model_dump()))


def test_an_untouched_trail_is_whole(database: Database, audit: Audit) -> None:
    verification = verify(database, audit)
    assert (verification.ok, verification.events, verification.findings) == (True, EVENTS, [])


def test_an_empty_trail_is_whole(database: Database, tmp_path: Path) -> None:
    verification = verify(database, Audit(tmp_path / "none.jsonl", Policy({}, {})))
    assert (verification.ok, verification.events, verification.head) == (True, 0, "0" * 64)


@pytest.mark.parametrize("field", ["actor", "on_behalf_of", "action", "resource", "decision", "run_id", "previous"])
def test_a_changed_field_is_found(database: Database, audit: Audit, field: str) -> None:
    tamper(database, lambda rows: setattr(rows[3], field, "0" * 64))
    assert found(database, audit) == [(4, "changed")]


def test_a_changed_detail_rule_or_time_is_found(database: Database, audit: Audit) -> None:
    with database.writing(None) as work:
        work.session.execute(text("UPDATE audit_event SET detail = '{\"n\": 99}' WHERE seq = 2"))
        work.session.execute(text("UPDATE audit_event SET rules = '[]' WHERE seq = 5"))
        work.session.execute(text("UPDATE audit_event SET at = '2020-01-01 00:00:00.000000' WHERE seq = 7"))
    assert found(database, audit) == [(2, "changed"), (5, "changed"), (7, "changed")]


def test_a_changed_event_with_a_fitting_hash_is_found_by_the_next_one(database: Database, audit: Audit) -> None:
    def change(rows: list[AuditEventRow]) -> None:
        rows[3].actor = "somebody else"
        rehash(rows[3])

    tamper(database, change)
    assert found(database, audit) == [(4, "changed")]


def test_a_trail_rewritten_to_its_end_is_found_by_what_was_published(database: Database, audit: Audit) -> None:
    audit.publish()

    def rewrite(rows: list[AuditEventRow]) -> None:
        rows[3].actor = "somebody else"
        for before, row in pairwise(rows[2:]):
            row.previous = before.hash
            rehash(row)

    tamper(database, rewrite)
    with database.writing(None) as work:
        digest = work.session.get_one(AuditEventRow, (OURS, EVENTS)).hash
        work.session.execute(update(AuditHeadRow).values(hash=digest))
    assert found(database, audit) == [(EVENTS, "changed")]


@pytest.mark.parametrize("seq", [1, 4, EVENTS])
def test_a_removed_event_is_named_wherever_it_was(database: Database, audit: Audit, seq: int) -> None:
    remove(database, seq)
    assert found(database, audit) == [(seq, "removed")]


def test_a_run_of_removed_events_is_one_finding(database: Database, audit: Audit) -> None:
    remove(database, 3, 4, 5)
    verification = verify(database, audit)
    assert [finding.message for finding in verification.findings] == [
        "Events 3 to 5 were removed: they are missing from the chain."
    ]


def test_an_event_added_behind_the_end_is_found(database: Database, audit: Audit) -> None:
    forge(database, EVENTS + 1, verify(database, audit).head)
    assert found(database, audit) == [(EVENTS + 1, "inserted")]


def test_an_event_before_the_first_is_found(database: Database, audit: Audit) -> None:
    forge(database, 0, "0" * 64)
    assert found(database, audit) == [(0, "inserted")]


def test_an_event_put_in_the_place_of_another_is_found(database: Database, audit: Audit) -> None:
    with database.reading(None) as work:
        previous = work.session.get_one(AuditEventRow, (OURS, 4)).hash
    remove(database, 5)
    forge(database, 5, previous)
    assert found(database, audit) == [(5, "changed")]


def test_a_number_far_beyond_is_one_finding(database: Database, audit: Audit) -> None:
    forge(database, 2**62, "0" * 64)
    assert found(database, audit) == [(2**62, "inserted")]


def test_a_number_far_beyond_that_the_head_agrees_with_is_few_findings(database: Database, audit: Audit) -> None:
    forge(database, 2**62, "0" * 64)
    with database.writing(None) as work:
        digest = work.session.get_one(AuditEventRow, (OURS, 2**62)).hash
        work.session.execute(update(AuditHeadRow).values(seq=2**62, hash=digest))
    assert found(database, audit) == [(EVENTS + 1, "removed")]


def test_findings_are_capped(database: Database, audit: Audit) -> None:
    for n in range(EVENTS + 1, 131):
        append(database, audit, n)
    with database.writing(None) as work:
        work.session.execute(update(AuditEventRow).values(actor="x"))
    assert len(found(database, audit)) == 100


def test_a_removed_head_is_found(database: Database, audit: Audit) -> None:
    with database.writing(None) as work:
        work.session.execute(delete(AuditHeadRow))
    assert found(database, audit)[0] == (1, "inserted")


def test_a_consistently_shortened_trail_is_whole_to_the_database_but_not_to_the_published_head(
    database: Database, audit: Audit
) -> None:
    shorten(database, 8)
    assert found(database, audit) == []
    audit.publish()
    shorten(database, 6)
    verification = verify(database, audit)
    assert [finding.message for finding in verification.findings] == [
        "Events 7 to 9 were removed: they are vouched for, but not there."
    ]


def test_half_a_line_and_other_litter_in_the_file_of_heads_is_harmless(
    database: Database, audit: Audit, tmp_path: Path
) -> None:
    file = tmp_path / "heads.jsonl"
    audit.publish()
    line = file.read_text().strip()
    litter = ["", "5", "[]", '{"org_id": "org_ours"}', json.dumps({"org_id": OURS, "seq": "x", "hash": 1}), line[:-9]]
    file.write_bytes("\n".join(litter).encode() + b"\xff\xfe")
    assert found(database, audit) == []
    append(database, audit, EVENTS + 1)
    audit.publish()
    shorten(database, EVENTS)
    assert found(database, audit) == [(EVENTS + 1, "removed")], "What is published after half a line counts."


def test_a_head_is_published_once_and_never_goes_back(database: Database, audit: Audit, tmp_path: Path) -> None:
    audit.publish()
    audit.publish()
    append(database, audit, EVENTS + 1)
    audit.publish()
    heads = [json.loads(line)["seq"] for line in (tmp_path / "heads.jsonl").read_text().splitlines() if line]
    assert heads == [EVENTS, EVENTS + 1]


def test_an_event_of_a_transaction_that_fails_is_neither_there_nor_published(database: Database, audit: Audit) -> None:
    def append_and_fail(work: Work) -> None:
        entry = Entry(action="a", resource="r", decision="allow")
        audit.append(work, OURS, actor="a", on_behalf_of="a", entry=entry)
        audit.search(work, person())

    with pytest.raises(Forbidden), database.writing(OURS) as work:
        append_and_fail(work)
    audit.publish()
    assert verify(database, audit).events == EVENTS
    assert found(database, audit) == []


def test_each_organisation_has_a_chain_of_its_own(database: Database, audit: Audit) -> None:
    assert append(database, audit, 1, OTHERS).seq == 1
    with database.writing(None) as work:
        work.session.execute(delete(AuditEventRow).where(AuditEventRow.org_id == OTHERS))
    assert found(database, audit) == []


def test_nobody_writes_into_the_chain_of_another_organisation(database: Database, audit: Audit) -> None:
    entry = Entry(action="runs::start", resource="run", decision="allow")
    with pytest.raises(PermissionError), database.writing(OURS) as work:
        audit.append(work, OTHERS, actor="prs_1", on_behalf_of="prs_1", entry=entry)


def test_only_who_may_read_the_trail_reads_it(database: Database, audit: Audit) -> None:
    with database.reading(OURS) as work:
        with pytest.raises(Forbidden, match="default-deny"):
            audit.search(work, person("clerk"))
        with pytest.raises(Forbidden, match="default-deny"):
            audit.verify(work, person("clerk"))


def test_events_are_listed_newest_first_by_pages(database: Database, audit: Audit) -> None:
    with database.reading(OURS) as work:
        first = audit.search(work, person("manager"), AuditSearch(limit=4))
        second = audit.search(work, person("manager"), AuditSearch(limit=4, before=first[-1].seq))
    assert [event.seq for event in (*first, *second)] == [9, 8, 7, 6, 5, 4, 3, 2]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"who": "anna"}, [12, 11, 10]),
        ({"who": "prs_2"}, [12, 11, 10]),
        ({"who": "operator"}, [11]),
        ({"who": "nobody"}, []),
        ({"who": "anna", "action": "people::"}, [12, 11]),
        ({"action": "people%"}, []),
        ({"decision": "deny"}, [12]),
        ({"who": "anna", "since": "2999-01-01T00:00:00Z"}, []),
        ({"who": "anna", "until": "2999-01-01T00:00:00Z", "limit": 1}, [12]),
    ],
)
def test_events_are_found_by_who_what_and_when(
    database: Database, audit: Audit, asked: dict[str, Any], found: list[int]
) -> None:
    with database.writing(OURS) as work:
        Principals().create_person(
            work, OURS, Person(id="prs_2", handle="anna", name="Anna", title={}, roles=[], language="en")
        )
        made = Entry(action="runs::start", resource="run 1", decision="allow")
        audit.append(work, OURS, actor="assistant:x", on_behalf_of="prs_2", entry=made)
    for actor, decision in (("operator", "allow"), ("prs_1", "deny")):
        with database.writing(OURS) as work:
            changed = Entry(action="people::update", resource="prs_2", decision=decision)
            audit.append(work, OURS, actor=actor, on_behalf_of="prs_1", entry=changed)
    with database.reading(OURS) as work:
        events = audit.search(work, person("manager"), AuditSearch.model_validate(asked))
    assert [event.seq for event in events] == found


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE audit_event SET rules = '{nope' WHERE seq = 4",
        "UPDATE audit_event SET at = 'garbage' WHERE seq = 4",
        "UPDATE audit_event SET actor = x'ff00' WHERE seq = 4",
    ],
)
def test_an_event_that_can_not_be_read_was_changed(database: Database, audit: Audit, damage: str) -> None:
    with database.writing(None) as work:
        work.session.execute(text(damage))
    assert (4, "changed") in found(database, audit)
    with database.reading(OURS) as work, pytest.raises(TrailUnreadable):
        audit.search(work, person("manager"))
