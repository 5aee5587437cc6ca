"""A limit is never overshot: not by one call, not by many at once; and it says why it refuses."""

import random
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from billing_site import CALL, SKU, USED, Site, call
from sqlalchemy import select

from jindou.billing.budgets import BudgetExceeded, RateLimited
from jindou.billing.pricing import PriceMissing
from jindou.billing.usage import Admission, Quantities
from jindou.billing.usage.batch import Closing
from jindou.billing.usage.tables import MeterAttemptRow, MeterEventRow
from jindou.errors import JindouError
from support.ground import OURS

CLIENTS = 16


def race(count: int, action: Callable[[], object]) -> list[object]:
    """Do `action` in many threads at once and return what came of each."""
    ready = threading.Barrier(count)
    results: list[object] = []

    def client() -> None:
        ready.wait()
        try:
            results.append(action())
        except JindouError as error:
            results.append(error)

    threads = [threading.Thread(target=client) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def attempts(site: Site) -> list[str]:
    with site.database.reading(OURS) as work:
        return list(work.session.scalars(select(MeterAttemptRow.status)))


def test_many_that_race_for_the_last_calls_of_a_budget_get_exactly_those(site: Site) -> None:
    made = site.budget(monthly_micro=5 * CALL)
    results = race(CLIENTS, site.open)
    assert sum(isinstance(result, Admission) for result in results) == 5
    assert sum(isinstance(result, BudgetExceeded) for result in results) == CLIENTS - 5
    assert site.counted(made.id) == (0, 5 * CALL)
    assert attempts(site) == ["open"] * 5


def test_many_that_race_for_the_last_requests_of_a_minute_get_exactly_those(site: Site) -> None:
    site.budget("key", "key_1", rpm=7)
    results = race(CLIENTS, site.open)
    assert sum(isinstance(result, Admission) for result in results) == 7
    assert site.wrong() == 0


def test_what_is_given_back_is_there_for_the_next(site: Site) -> None:
    site.budget(monthly_micro=CALL)
    first = site.open()
    with pytest.raises(BudgetExceeded):
        site.open()
    with site.database.writing(OURS) as work:
        site.attempts.void(work, first.attempt_id, "refused")
    second = site.open()
    site.settle(second.attempt_id)
    with pytest.raises(BudgetExceeded, match=r"0\.00075 CNY left"):
        site.open()


def test_an_unknown_call_stays_held_until_it_is_settled(site: Site) -> None:
    made = site.budget(monthly_micro=CALL)
    attempt = site.open().attempt_id
    with site.database.writing(OURS) as work:
        site.attempts.lose(work, attempt, "died")
    assert site.counted(made.id) == (0, CALL)
    with pytest.raises(BudgetExceeded):
        site.open()
    cost = site.settle(attempt)
    assert site.counted(made.id) == (cost, 0)
    assert site.wrong() == 0


def test_a_refusal_names_the_limit_what_is_left_and_when_it_is_whole_again(site: Site) -> None:
    site.clock.move(timedelta(seconds=20))
    site.budget("key", "key_2", rpm=1, tpm=1500, name="the robot")
    with pytest.raises(RateLimited, match=r"key the robot has 1,500 of 1,500 tokens a minute left") as tokens:
        site.open(call(key_id="key_2", worst=Quantities(input_tokens=1600)))
    assert "more than the limit ever lets through" in tokens.value.message
    assert tokens.value.retry_after == 40.0
    assert tokens.value.params["needed"] == 1600
    site.budget(monthly_micro=CALL)
    site.open()
    with pytest.raises(BudgetExceeded) as money:
        site.open()
    assert money.value.params == {
        "kind": "money",
        "scope": "organisation",
        "name": "Lamps",
        "limit": CALL,
        "remaining": 0,
        "needed": CALL,
        "reset_at": "2026-04-01T00:00:00+00:00",
    }


def test_a_minute_that_is_over_has_room_again(site: Site) -> None:
    site.budget("person", "prs_clerk", rpm=2, tpm=1999)
    first = site.open()
    with pytest.raises(RateLimited, match="tokens a minute"):
        site.open()
    site.settle(first.attempt_id)
    site.open(call(worst=Quantities(input_tokens=1999 - USED.tokens)))
    with pytest.raises(RateLimited, match="0 of 2 requests a minute left") as refused:
        site.open()
    assert refused.value.state.kind == "requests"
    site.clock.move(timedelta(seconds=refused.value.retry_after))
    assert site.open().limits[-1].remaining == 999


def test_the_tightest_limit_of_each_kind_that_binds_a_call_is_told(site: Site) -> None:
    site.budget(monthly_micro=100 * CALL, rpm=50)
    site.budget("person", "prs_clerk", rpm=10, tpm=5000)
    site.budget("key", "key_2", rpm=1)
    told = site.open().limits
    assert [(state.kind, state.scope, state.remaining) for state in told] == [
        ("requests", "person", 9),
        ("money", "organisation", 99 * CALL),
        ("tokens", "person", 4000),
    ]


def test_the_limit_that_has_no_room_leaves_the_others_as_they_were(site: Site) -> None:
    roomy = site.budget(monthly_micro=100 * CALL, rpm=100)
    site.budget("key", "key_1", monthly_micro=CALL - 1)
    with pytest.raises(BudgetExceeded):
        site.open()
    seen = site.seen(roomy.id)
    assert (seen.month.held.micro, seen.minute.requests) == (0, 0)
    assert attempts(site) == []


def test_a_warning_comes_from_its_share_on(site: Site) -> None:
    site.budget(monthly_micro=4 * CALL, warn_share=0.5)
    first, second = site.open(), site.open()
    assert first.warnings == ()
    assert [(state.kind, state.remaining) for state in second.warnings] == [("money", 2 * CALL)]


def test_a_call_that_costs_nothing_needs_no_budget(site: Site) -> None:
    site.budget(monthly_micro=0)
    site.open(call(skus=("tool:read",), worst=Quantities(output_tokens=0)))


def test_a_call_is_held_at_the_dearest_and_settled_at_what_answered(site: Site) -> None:
    made = site.budget(monthly_micro=100 * CALL)
    attempt = site.open(call(skus=(SKU, "model:dear"))).attempt_id
    assert site.counted(made.id) == (0, 3 * CALL)
    with site.database.writing(OURS) as work:
        cost = site.attempts.settle(work, attempt, USED, SKU, engine="local")
    assert site.counted(made.id) == (cost.micro, 0) == (USED.tokens, 0)
    with site.database.reading(OURS) as work:
        row = work.session.scalars(select(MeterEventRow)).one()
    assert (row.sku, row.engine) == (SKU, "local")


def test_a_call_without_a_price_is_not_made(site: Site) -> None:
    with pytest.raises(PriceMissing):
        site.open(call(skus=(SKU, "model:new")))
    assert attempts(site) == []


def test_a_batch_is_judged_one_by_one_and_what_ends_makes_room_first(site: Site) -> None:
    made = site.budget(monthly_micro=2 * CALL)
    first, second = site.open().attempt_id, site.open().attempt_id
    items = [
        call(),
        call(skus=("model:new",)),
        Closing(attempt_id=first, status="void"),
        call(),
        Closing(attempt_id=first, status="settled", used=USED),
        Closing(attempt_id=second, status="unknown", reason="died"),
        Closing(attempt_id="att_none", status="void"),
    ]
    with site.database.writing(None) as work:
        written = site.attempts.write(work, items, "me")
    assert isinstance(written[0], Admission)
    codes = [result.code for result in written if isinstance(result, JindouError)]
    assert codes == ["price_missing", "budget_exceeded", "attempt_closed", "not_found"]
    assert site.counted(made.id) == (0, 2 * CALL)
    assert sorted(attempts(site)) == ["open", "unknown", "void"]


def test_no_unit_of_work_opens_or_ends_what_is_another_organisations(site: Site) -> None:
    attempt = site.open().attempt_id
    with pytest.raises(PermissionError), site.database.writing("org_others") as work:
        site.attempts.open(work, call())
    with pytest.raises(JindouError, match="No such attempt"), site.database.writing("org_others") as work:
        site.attempts.void(work, attempt, "")
    assert attempts(site) == ["open"]


@pytest.mark.parametrize("seed", range(3))
def test_counters_equal_the_ledger_whatever_happens(site: Site, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - a walk that can be walked again
    budgets = [
        site.budget(monthly_micro=40 * CALL, rpm=30, tpm=30_000),
        site.budget("person", "prs_clerk", monthly_micro=30 * CALL),
        site.budget("assistant", "after-sales", tpm=9000),
    ]
    held: list[str] = []
    for _ in range(60):
        items: list[object] = []
        for _ in range(dice.randint(1, 4)):
            ends = held and dice.random() < 0.5
            if ends:
                status = dice.choice(["settled", "settled", "void", "unknown"])
                attempt_id = held.pop(dice.randrange(len(held)))
                if status == "unknown":
                    held.append(attempt_id)
                used = Quantities(input_tokens=dice.randint(0, 600), output_tokens=dice.randint(0, 600))
                items.append(Closing(attempt_id=attempt_id, status=status, used=used))  # pyright: ignore[reportArgumentType]
            else:
                items.append(call(assistant=dice.choice(["", "after-sales"]), key_id=dice.choice(["", "key_1"])))
        with site.database.writing(None) as work:
            written = site.attempts.write(work, items, "me")  # pyright: ignore[reportArgumentType]
        held += [result.attempt_id for result in written if isinstance(result, Admission)]
        if dice.random() < 0.2:
            site.clock.move(timedelta(seconds=dice.randint(1, 90)))
        assert site.wrong() == 0
    assert site.counted(budgets[0].id) == site.sums()
    spent, kept = site.sums()
    assert spent + kept <= 40 * CALL + 60 * 200, "Only a call that used more than it held may pass a limit."
