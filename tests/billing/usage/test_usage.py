"""The ledger has one row for what a step's attempt used, and every way to add it up gives the same total."""

from collections.abc import Generator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from jindou.billing.pricing import PriceBook, PriceMissing
from jindou.billing.usage import Opening, Quantities, Statement, Usage
from jindou.db import Database
from jindou.identity.audit import Audit
from jindou.identity.policy import Policy
from jindou.identity.principals import Principal
from support.ground import OTHERS, OURS, open_database
from support.platform import FakeClock

MODEL = "model:qwen2.5-coder-0.5b"
TOKENS = Quantities(input_tokens=1000, cached_tokens=500, output_tokens=100)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def database(tmp_path: Path, clock: FakeClock) -> Generator[Database]:
    with open_database(tmp_path, clock) as database:
        yield database


@pytest.fixture
def usage(tmp_path: Path) -> Usage:
    policy = Policy({}, {})
    return Usage(
        PriceBook.load("CNY"), policy, Audit(tmp_path / "heads.jsonl", policy), lambda _, id_: f"Name of {id_}"
    )


def person(person_id: str, *roles: str) -> Principal:
    return Principal(
        org_id=OURS, person_id=person_id, handle="p", name="P", roles=roles, language="en", actor=person_id
    )


def use(step: str, person_id: str = "prs_clerk", sku: str = MODEL, attempt: int = 1) -> Opening:
    return Opening(
        org_id=OURS,
        person_id=person_id,
        assistant="after-sales",
        run_id="run_1",
        step_id=step,
        attempt=attempt,
        skus=(sku,),
        worst=TOKENS,
    )


def record(database: Database, usage: Usage, done: Opening, used: Quantities = TOKENS, org_id: str = OURS) -> int:
    with database.writing(org_id) as work:
        return usage.record(work, done._replace(worst=used, org_id=org_id)).micro


def statement(database: Database, usage: Usage, who: Principal, days: int = 30) -> Statement:
    with database.reading(OURS) as work:
        return usage.statement(work, who, days)


def a_month_of_use(database: Database, usage: Usage, clock: FakeClock) -> int:
    total = 0
    for day in range(5):
        total += record(database, usage, use(f"stp_{day}a"))
        total += record(database, usage, use(f"stp_{day}b", "prs_manager", "tool:read"), Quantities(calls=1))
        clock.move(timedelta(days=1))
    return total


def test_a_step_is_metered_at_the_price_of_what_it_used(database: Database, usage: Usage) -> None:
    assert record(database, usage, use("stp_1")) == 1000 * 200_000 // 10**6 + 500 * 40_000 // 10**6 + 60


def test_an_attempt_of_a_step_has_one_row(database: Database, usage: Usage) -> None:
    record(database, usage, use("stp_1"))
    with pytest.raises(IntegrityError):
        record(database, usage, use("stp_1"))
    record(database, usage, use("stp_1", attempt=2))
    assert statement(database, usage, person("prs_clerk")).events == 2


def test_what_has_no_price_is_not_recorded(database: Database, usage: Usage) -> None:
    with pytest.raises(PriceMissing):
        record(database, usage, use("stp_1", sku="model:none"))
    assert statement(database, usage, person("prs_clerk")).events == 0


def test_every_grouping_sums_to_the_total(database: Database, usage: Usage, clock: FakeClock) -> None:
    total = a_month_of_use(database, usage, clock)
    bill = statement(database, usage, person("prs_manager", "manager"))
    assert bill.total.micro == total
    for grouping in (bill.by_sku, bill.by_person, bill.by_assistant, bill.by_day):
        assert sum(line.cost.micro for line in grouping) == total
        assert sum(line.events for line in grouping) == bill.events == 10
        assert sum(line.quantities.input_tokens for line in grouping) == 5000
    assert sum(event.cost.micro for event in bill.latest) == total
    assert [line.key for line in sorted(bill.by_day, key=lambda line: line.key)] == [
        f"2026-03-0{day}" for day in range(2, 7)
    ]
    assert {line.label for line in bill.by_person} == {"Name of prs_clerk", "Name of prs_manager"}


def test_a_manager_sees_all_and_a_clerk_their_own(database: Database, usage: Usage, clock: FakeClock) -> None:
    total = a_month_of_use(database, usage, clock)
    own = statement(database, usage, person("prs_clerk", "clerk"))
    assert {line.key for line in own.by_person} == {"prs_clerk"}
    assert {event.person_id for event in own.latest} == {"prs_clerk"}
    assert 0 < own.total.micro < total
    assert statement(database, usage, person("prs_nobody", "clerk")).total.micro == 0


def test_a_bill_ends_at_its_days_and_at_its_organisation(database: Database, usage: Usage, clock: FakeClock) -> None:
    record(database, usage, use("stp_old"))
    clock.move(timedelta(days=40))
    new = record(database, usage, use("stp_new"))
    record(database, usage, use("stp_other"), org_id=OTHERS)
    manager = person("prs_manager", "manager")
    assert statement(database, usage, manager).total.micro == new
    assert statement(database, usage, manager, days=60).events == 2


def test_the_latest_events_come_first_and_are_not_too_many(database: Database, usage: Usage) -> None:
    for n in range(60):
        record(database, usage, use(f"stp_{n:02}"))
    latest = statement(database, usage, person("prs_clerk")).latest
    assert [event.step_id for event in latest] == [f"stp_{n:02}" for n in range(59, 9, -1)]
