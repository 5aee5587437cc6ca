"""Budgets, keys and the chart of the bill, as people use them."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from console_site import Site
from playwright.sync_api import Page, expect

from jindou.billing.budgets import Budget, BudgetAsk
from jindou.billing.usage.tables import MeterEventRow
from support.platform import MODEL, as_person

SignIn = Callable[[str], httpx.Client]
SitDown = Callable[..., Any]


@pytest.fixture
def budgets(site: Site) -> Iterator[Callable[..., Budget]]:
    """A way to set budgets, which are taken away at the end."""
    manager = as_person(site.platform, "manager")

    def create(**asked: object) -> Budget:
        with site.platform.database.writing(manager.org_id) as work:
            return site.platform.budgets.create(work, manager, BudgetAsk.model_validate(asked))

    yield create
    with site.platform.database.writing(manager.org_id) as work:
        for budget in site.platform.budgets.list_budgets(work, manager):
            site.platform.budgets.delete(work, manager, budget.id)


@pytest.fixture(scope="module")
def used(site: Site) -> None:
    """Somebody used 0.90 CNY today and 0.30 CNY yesterday."""
    clerk = as_person(site.platform, "clerk")
    with site.platform.database.writing(clerk.org_id) as work:
        now = work.now()
        for days, micro in ((0, 900_000), (1, 300_000)):
            row = MeterEventRow(
                id=work.new_id("mtr"),
                at=now - timedelta(days=days),
                month=f"{now:%Y-%m}",
                sku="model:qwen2.5-coder-0.5b",
                deployment="",
                engine="",
                person_id=clerk.person_id,
                key_id="",
                assistant="after-sales",
                run_id="",
                step_id=work.new_id("stp"),
                attempt=1,
                input_tokens=1000 * (days + 1),
                cached_tokens=0,
                output_tokens=0,
                reasoning_tokens=0,
                calls=0,
                cost_micro=micro,
                currency="CNY",
            )
            work.session.add(row)


def listed(site: Site) -> list[Budget]:
    manager = as_person(site.platform, "manager")
    with site.platform.database.reading(manager.org_id) as work:
        return site.platform.budgets.list_budgets(work, manager)


def test_a_manager_sets_changes_and_takes_away_a_budget_without_scripts(
    site: Site, visit: SignIn, budgets: Callable[..., Budget]
) -> None:
    assert budgets
    client = visit("manager")
    clerk = as_person(site.platform, "clerk")
    form = {"whom": f"person:{clerk.person_id}", "monthly": "50", "warn": "80", "rpm": "60", "tpm": "20,000"}
    assert client.post("/budgets", data=form).status_code == 303
    (budget,) = listed(site)
    assert (budget.monthly_micro, budget.warn_share, budget.rpm, budget.tpm) == (50_000_000, 0.8, 60, 20_000)
    page = client.get("/budgets").text
    assert "Lena Vogel" in page
    assert f"person:{clerk.person_id}" not in page
    change = {"name": "Desk", "monthly": "0.25", "warn": "", "rpm": "", "tpm": "5"}
    assert client.post(f"/budgets/{budget.id}", data=change).status_code == 303
    (budget,) = listed(site)
    assert (budget.name, budget.monthly_micro, budget.warn_share, budget.rpm, budget.tpm) == (
        "Desk",
        250_000,
        None,
        None,
        5,
    )
    assert client.post(f"/budgets/{budget.id}/deletion").status_code == 303
    assert listed(site) == []


@pytest.mark.parametrize(
    ("typed", "status", "told"),
    [
        ({"whom": "organisation", "monthly": "fifty"}, 422, "at least one limit"),
        ({"whom": "organisation", "rpm": "1.5"}, 422, "at least one limit"),
        ({"whom": "organisation"}, 422, "at least one limit"),
        ({"whom": "organisation", "rpm": "1", "warn": "0"}, 422, "at least one limit"),
        ({}, 422, "at least one limit"),
        ({"whom": "key", "key_id": "key_none", "rpm": "1"}, 404, "no such person, assistant or key"),
        ({"whom": "person:prs_none", "rpm": "1"}, 404, "no such person, assistant or key"),
    ],
)
def test_what_stands_in_the_way_is_said_beside_the_form_which_keeps_what_was_typed(
    site: Site, visit: SignIn, typed: dict[str, str], status: int, told: str
) -> None:
    answer = visit("manager").post("/budgets", data=typed | {"name": "Kept <b>as typed</b>"})
    assert answer.status_code == status
    assert re.search(rf'role="alert">.*{told}', answer.text)
    assert "Kept &lt;b&gt;as typed&lt;/b&gt;" in answer.text
    assert listed(site) == []


def test_a_change_that_makes_no_sense_is_said_at_its_budget(visit: SignIn, budgets: Callable[..., Budget]) -> None:
    budget = budgets(scope="organisation", rpm=60)
    client = visit("manager")
    for form, told in (({"rpm": "many"}, "at least one limit"), ({"rpm": ""}, "Nothing would be limited")):
        answer = client.post(f"/budgets/{budget.id}", data=form)
        assert answer.status_code == 422
        assert '<details class="more" open>' in answer.text
        assert told in answer.text
    again = client.post("/budgets", data={"whom": "organisation", "rpm": "1"})
    assert again.status_code == 409
    assert "budget already" in again.text


def test_everybody_sees_what_binds_them_and_no_forms(visit: SignIn, budgets: Callable[..., Budget], site: Site) -> None:
    mine = budgets(scope="person", scope_id=as_person(site.platform, "clerk").person_id, monthly_micro=10_000_000)
    client = visit("clerk")
    page = client.get("/budgets").text
    assert "These budgets bind you" in page
    assert 'data-test="budget"' in page
    assert 'data-test="create-budget"' not in page
    assert 'data-test="change-budget"' not in page
    assert client.post("/budgets", data={"whom": "organisation", "rpm": "1"}).status_code == 403
    assert client.post(f"/budgets/{mine.id}/deletion").status_code == 403
    other = visit("warehouse")
    assert "没有约束您的预算" in other.get("/budgets").text
    assert other.post(f"/budgets/{mine.id}", data={"rpm": "1"}).status_code == 404


@pytest.mark.usefixtures("used")
def test_a_budget_says_when_it_is_nearly_used_up_and_when_it_is(
    visit: SignIn, budgets: Callable[..., Budget], site: Site
) -> None:
    clerk = as_person(site.platform, "clerk")
    with site.platform.database.reading(clerk.org_id) as work:
        spent = site.platform.usage.statement(work, clerk, days=2).total.micro
    budgets(scope="organisation", monthly_micro=spent * 10)
    budgets(scope="person", scope_id=clerk.person_id, monthly_micro=spent + 1_000, warn_share=0.5)
    budgets(scope="assistant", scope_id="after-sales", monthly_micro=100_000)
    page = visit("manager").get("/budgets").text
    assert re.findall(r'data-state="(\w+)"', page) == ["fine", "warned", "over"]
    for told in ("Within", "Nearly used up", "Used up", "over the 0.10 of this month"):
        assert told in page


def test_a_key_is_made_for_some_requests_and_shows_its_limits(
    site: Site, visit: SignIn, budgets: Callable[..., Budget]
) -> None:
    client = visit("clerk")
    form = {
        "name": "robot",
        "models": f"{MODEL}, nope",
        "scopes": ["completions", "models"],
        "assistant": "shelf robot",
    }
    refused = client.post("/keys", data=form)
    assert (refused.status_code, "There is no model nope here" in refused.text) == (422, True)
    many = client.post("/keys", data=form | {"models": " ".join(f"nope-{at}" for at in [*range(30), *range(30)])})
    assert "nope-18, nope-19 and 10 more here; there is " in many.text
    client.cookies.set("jindou_language", "zh")
    many = client.post("/keys", data=form | {"models": "nope-1 nope-2 nope-1"})
    assert "没有名为 nope-1、nope-2 的模型；现有：" in many.text
    client.cookies.delete("jindou_language")
    made = client.post("/keys", data=form | {"models": MODEL})
    assert made.status_code == 201
    clerk = as_person(site.platform, "clerk")
    with site.platform.database.reading(clerk.org_id) as work:
        key = site.platform.keys.list_keys(work, clerk)[0]
    assert (key.models, key.scopes, key.assistant) == ([MODEL], ["completions", "models"], "shelf robot")
    budgets(scope="key", scope_id=key.id, monthly_micro=5_000_000, rpm=30)
    page = client.get("/keys").text
    for told in ("asking models, listing models", "as shelf robot", "of 5.00 this month", "30 requests a minute"):
        assert told in page
    every = client.post("/keys", data={"name": "all", "scopes": ["completions", "embeddings", "models"]})
    assert every.status_code == 201
    with site.platform.database.reading(clerk.org_id) as work:
        assert site.platform.keys.list_keys(work, clerk)[0].scopes is None
    assert "Tick what it is good for." in client.post("/keys", data={"name": "x"}).text
    refused = client.post("/keys", data={"name": "x", "scopes": ["everything"]})
    assert refused.status_code == 422
    assert 'role="alert"' in refused.text


@pytest.mark.usefixtures("used")
@pytest.mark.parametrize("group", ["model", "person", "key", "assistant"])
def test_each_day_stands_in_a_table_for_those_without_scripts(visit: SignIn, group: str) -> None:
    page = visit("manager").get(f"/usage?days=7&by={group}").text
    rows = re.findall(r'<tr data-day="([\d-]+)">.*?data-cost="(\d+)" data-tokens="(\d+)">[^<]*<span[^>]*>[^<]*', page)
    assert len(rows) == 7
    assert visit("manager").get("/usage?by=mood").status_code == 422


@pytest.mark.usefixtures("used")
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_chart_is_moved_through_by_keys_and_read_aloud(at_browser: SitDown, language: str) -> None:
    visitor = at_browser("manager", language=language)
    page: Page = visitor.page
    visitor.open("/usage?days=7&by=person")
    chart = page.locator("[data-test=chart]")
    expect(chart.locator("svg rect.s0")).to_have_count(2)
    chart.focus()
    expect(chart).to_have_attribute("aria-valuenow", "7")
    expect(chart).to_have_attribute("aria-valuetext", re.compile(r"CNY; Lena Vogel \d"))
    page.keyboard.press("ArrowLeft")
    expect(chart).to_have_attribute("aria-valuenow", "6")
    page.click("[data-test=chart-tokens]")
    tokens = {"en": r"2,000 tokens", "zh": r"2,000 个词元"}[language]
    expect(chart).to_have_attribute("aria-valuetext", re.compile(tokens))
    page.keyboard.press("Home")


@pytest.mark.usefixtures("used")
def test_a_phone_shows_one_row_of_sections_and_nothing_wider_than_itself(at_browser: SitDown) -> None:
    visitor = at_browser("manager", "phone")
    page: Page = visitor.page
    visitor.open("/budgets")
    tops = page.eval_on_selector_all(
        ".sections a", "links => links.map(a => Math.round(a.getBoundingClientRect().top))"
    )
    assert len(set(tops)) == 1
    for path in ("/budgets", "/usage?by=person"):
        visitor.open(path)
        page.eval_on_selector_all("details.more", "all => all.forEach(details => { details.open = true })")
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), path
