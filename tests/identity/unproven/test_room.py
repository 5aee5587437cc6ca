"""There is room for whoever begins to sign in, whatever others begin."""

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select

from jindou.db import Database
from jindou.identity.accounts.tables import ChallengeRow
from jindou.identity.unproven import make_room, source_of
from support.platform import FakeClock

MINUTES = timedelta(minutes=5)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jindou.identity.unproven.room._A_SOURCE", 5)
    monkeypatch.setattr("jindou.identity.unproven.room._IN_ALL", 20)


def begin(database: Database, clock: FakeClock, source: str) -> str:
    clock.move(timedelta(milliseconds=1))
    with database.writing(None) as work:
        make_room(work, ChallengeRow, source)
        token = work.random_token()
        row = ChallengeRow(token_hash=token, org_id="", person_id="", challenge=b"x", source=source)
        row.expires_at = work.now() + MINUTES
        work.session.add(row)
    return token


def waiting(database: Database) -> dict[str, str]:
    with database.reading(None) as work:
        return {row.token_hash: row.source for row in work.session.scalars(select(ChallengeRow))}


def test_a_source_that_begins_without_end_loses_its_own_oldest_alone(database: Database, clock: FakeClock) -> None:
    mine = begin(database, clock, "mine")
    theirs = [begin(database, clock, "theirs") for _ in range(12)]
    assert waiting(database) == dict.fromkeys(theirs[-5:], "theirs") | {mine: "mine"}


def test_where_all_is_full_the_crowd_makes_room_and_nobody_is_refused(database: Database, clock: FakeClock) -> None:
    behind_a_proxy = begin(database, clock, "")
    few = [begin(database, clock, "few") for _ in range(2)]
    for number in range(60):
        begin(database, clock, f"crowd-{number % 6}")
    last = begin(database, clock, "last")
    left = waiting(database)
    assert len(left) == 20
    assert {behind_a_proxy, *few, last} <= {*left}
    assert max(Counter(left.values()).values()) <= 3


def test_one_proxy_for_everybody_has_all_of_the_room(database: Database, clock: FakeClock) -> None:
    begun = [begin(database, clock, "") for _ in range(30)]
    assert {*waiting(database)} == {*begun[-20:]}


def test_what_is_over_is_gone_when_somebody_begins(database: Database, clock: FakeClock) -> None:
    for number in range(9):
        begin(database, clock, str(number))
    clock.move(MINUTES)
    newest = begin(database, clock, "")
    assert {*waiting(database)} == {newest}


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("127.0.0.1", ""),
        ("::1", ""),
        ("", ""),
        ("testclient", ""),
    ],
)
def test_a_source_is_an_address_or_its_net_and_this_machine_is_none(address: str, source: str) -> None:
    assert source_of(address) == source
