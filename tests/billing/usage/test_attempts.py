from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from jindou.assembly import Platform
from jindou.billing.usage import AttemptClosed, Opening, Quantities, Statement
from jindou.billing.usage.tables import MeterEventRow
from jindou.errors import NotFound
from support.platform import MODEL, as_person, open_platform

WORST = Quantities(input_tokens=1000, output_tokens=100)
USED = Quantities(input_tokens=40, cached_tokens=60, output_tokens=7)
WORST_MICRO = 1000 * 200_000 // 1_000_000 + 100 * 600_000 // 1_000_000


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    with open_platform(tmp_path, lambda _: "Hello.") as platform:
        yield platform


def opened(platform: Platform, handle: str = "clerk") -> str:
    who = as_person(platform, handle)
    with platform.database.writing(who.org_id) as work:
        opening = Opening(
            org_id=who.org_id, person_id=who.person_id, key_id="key_1", skus=(f"model:{MODEL}",), worst=WORST
        )
        return platform.usage.attempts.open(work, opening).attempt_id


def statement(platform: Platform, handle: str = "clerk") -> Statement:
    who = as_person(platform, handle)
    with platform.database.reading(who.org_id) as work:
        return platform.usage.statement(work, who)


def test_an_open_attempt_is_held_at_its_worst_case_and_not_yet_on_the_bill(platform: Platform) -> None:
    attempt = opened(platform)
    seen = statement(platform)
    assert seen.total.micro == 0
    assert seen.held.micro == WORST_MICRO
    assert [(held.id, held.status, held.key_id) for held in seen.unsettled] == [(attempt, "open", "key_1")]


def test_an_attempt_is_settled_once_with_its_person_and_key_and_without_a_run(platform: Platform) -> None:
    attempt = opened(platform)
    clerk = as_person(platform, "clerk")
    with platform.database.writing(clerk.org_id) as work:
        cost = platform.usage.attempts.settle(work, attempt, USED)
    with pytest.raises(AttemptClosed), platform.database.writing(clerk.org_id) as work:
        platform.usage.attempts.settle(work, attempt, USED)
    with pytest.raises(AttemptClosed), platform.database.writing(clerk.org_id) as work:
        platform.usage.attempts.void(work, attempt, "late")
    seen = statement(platform)
    assert (seen.total, seen.held.micro, seen.unsettled) == (cost, 0, [])
    (row,) = seen.latest
    assert (row.person_id, row.key_id, row.run_id, row.assistant) == (clerk.person_id, "key_1", "", "")
    assert row.quantities == USED


def test_what_a_dead_process_left_open_is_unknown_and_stays_held_until_its_figures_come(platform: Platform) -> None:
    attempt = opened(platform)
    with platform.database.writing(None) as work:
        assert platform.usage.attempts.recover(work) == 1
        assert platform.usage.attempts.recover(work) == 0
    seen = statement(platform)
    assert [held.status for held in seen.unsettled] == ["unknown"]
    assert seen.held.micro == WORST_MICRO
    with platform.database.writing(None) as work:
        platform.usage.attempts.lose(work, attempt, "again")
        clerk = as_person(platform, "clerk")
    with platform.database.writing(clerk.org_id) as work:
        platform.usage.attempts.settle(work, attempt, USED)
    assert statement(platform).held.micro == 0


def test_a_settled_attempt_can_not_be_lost(platform: Platform) -> None:
    attempt = opened(platform)
    clerk = as_person(platform, "clerk")
    with platform.database.writing(clerk.org_id) as work:
        platform.usage.attempts.settle(work, attempt, USED)
        platform.usage.attempts.lose(work, attempt, "late")
    assert statement(platform).unsettled == []


def test_a_call_that_the_engine_refused_costs_nothing_and_holds_nothing(platform: Platform) -> None:
    attempt = opened(platform)
    clerk = as_person(platform, "clerk")
    with platform.database.writing(clerk.org_id) as work:
        platform.usage.attempts.void(work, attempt, "too long")
    seen = statement(platform)
    assert (seen.held.micro, seen.unsettled, seen.events) == (0, [], 0)
    with platform.database.reading(None) as work:
        assert work.session.scalars(select(MeterEventRow)).all() == []


def test_what_is_held_is_seen_by_its_person_and_by_those_who_see_the_bill(platform: Platform) -> None:
    attempt = opened(platform)
    assert [held.id for held in statement(platform, "manager").unsettled] == [attempt]
    assert statement(platform, "warehouse").unsettled == []


def test_an_attempt_of_another_organisation_does_not_exist(platform: Platform) -> None:
    attempt = opened(platform)
    with pytest.raises(NotFound), platform.database.writing("org_other") as work:
        platform.usage.attempts.settle(work, attempt, USED)
