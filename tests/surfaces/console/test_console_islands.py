"""The console in a real browser, against the real application and a scripted model."""

from collections.abc import Callable
from typing import Any

import pytest
from console_site import Site
from playwright.sync_api import Page, expect

SitDown = Callable[..., Any]


def test_a_request_shows_its_steps_its_cost_and_its_answer(at_browser: SitDown) -> None:
    clerk = at_browser("clerk")
    clerk.send("Show me order SO-10120.")
    clerk.wait_for_status("done")
    page: Page = clerk.page
    assert page.locator("[data-test=step]").count() == 3
    tool = page.locator("[data-test=step][data-kind=tool]")
    assert tool.get_attribute("data-status") == "done"
    assert "SO-10120" in tool.inner_text()
    assert "CNY" in tool.inner_text()
    tool.locator("summary").click()
    assert "order_id" in tool.inner_text()
    assert "CNY" in page.locator("[data-test=run-cost]").inner_text()
    assert page.url.rpartition("/")[0].endswith("/c")
    expect(page.locator(".history a[aria-current]")).to_have_count(1)


def test_a_models_markup_is_formatting_and_nothing_else(at_browser: SitDown) -> None:
    clerk = at_browser("clerk")
    clerk.send("Show me order SO-10120.")
    answer = clerk.page.locator("[data-test=answer]")
    answer.wait_for()
    assert answer.locator("strong").inner_text() == "the order"
    assert answer.locator("td").first.inner_text() == "Aurora desk lamp"
    assert '<img src="x"' in answer.inner_text()
    assert answer.locator("img, script, style, iframe, form").count() == 0
    links = answer.locator("a[href]")
    assert [link.get_attribute("href") for link in links.all()] == ["https://example.com/"]
    assert "noopener" in (links.first.get_attribute("rel") or "")
    assert "broken" not in clerk.page.title()


def test_nothing_is_read_in_another_order_than_it_stands(at_browser: SitDown) -> None:
    clerk = at_browser("clerk")
    clerk.send("Show me order SO-10120, \u202e021 ton\u202c")
    clerk.wait_for_status("done")
    said = clerk.page.inner_text("main")
    assert "\ufffd021 ton\ufffd" in said
    assert not set("\u202e\u202c") & set(said)


def test_reloading_in_the_middle_of_a_run_goes_on_with_it(at_browser: SitDown, site: Site) -> None:
    clerk = at_browser("clerk")
    page: Page = clerk.page
    site.gate.shut()
    clerk.send("Refund 1.50 for SO-10007, broken lamp")
    clerk.page.wait_for_selector("[data-test=step][data-status=started]")
    expect(page.locator("[data-test=stop]")).to_be_visible()
    expect(page.locator("[data-test=send]")).to_be_hidden()
    clerk.page.reload()
    clerk.page.wait_for_selector("[data-test=step][data-status=started]")
    site.gate.release()
    clerk.wait_for_status("done")
    expect(page.locator("[data-test=send]")).to_be_visible()


def test_stop_says_stopped_only_once_it_has(at_browser: SitDown, site: Site) -> None:
    clerk = at_browser("clerk")
    page: Page = clerk.page
    site.gate.shut()
    clerk.send("Refund 1.50 for SO-10007, broken lamp")
    clerk.page.click("[data-test=stop]")
    expect(page.locator(".pulse")).to_contain_text("Stopping")
    expect(page.locator(".pulse")).to_be_visible()
    site.gate.release()
    clerk.wait_for_status("cancelled")
    assert "Nothing more will happen" in clerk.page.locator(".run").inner_text()


def test_a_refusal_names_its_rule_in_the_viewers_language(at_browser: SitDown) -> None:
    warehouse = at_browser("warehouse", language="zh")
    warehouse.send("Refund 120 for SO-10234")
    refusal = warehouse.page.locator("[data-test=refusal]")
    refusal.wait_for()
    assert "ecommerce.warehouse-no-money" in refusal.inner_text()
    assert "仓库无权处理款项" in refusal.inner_text()
    warehouse.page.reload()
    refusal.wait_for()
    assert refusal.count() == 1


def test_a_decision_reaches_the_one_who_waits_without_a_reload(at_browser: SitDown) -> None:
    clerk, manager = at_browser("clerk"), at_browser("manager")
    page: Page = manager.page
    clerk.send("Refund 120 for SO-10234, a crack")
    clerk.wait_for_status("waiting")
    card = clerk.page.locator("[data-test=approval-card]")
    assert "120.00 CNY" in card.inner_text()
    assert "ecommerce.clerk-refund-limit" in card.inner_text()
    manager.open("/approvals")
    manager.page.locator("[data-test=reason]").first.fill("Fine with me")
    manager.page.locator("[data-test=approve]").first.click()
    expect(page.locator("[data-test=approval-card]")).to_have_attribute("data-status", "approved")
    clerk.wait_for_status("done")
    assert "Marta Lindqvist" in card.inner_text()
    assert "Fine with me" in card.inner_text()


def test_what_was_approved_is_shown_and_not_what_was_asked(at_browser: SitDown) -> None:
    clerk, manager = at_browser("clerk"), at_browser("manager")
    clerk.send("Refund 120 for SO-10234, a crack")
    clerk.wait_for_status("waiting")
    shown = clerk.page.locator("[data-test=approval-card] ins").first
    asked = shown.inner_text()
    manager.open("/approvals")
    manager.page.locator("[data-test=change] summary").first.click()
    manager.page.locator("[data-test=argument-amount]").first.fill("70")
    manager.page.locator("[data-test=approve-changed]").first.click()
    clerk.wait_for_status("done")
    assert shown.inner_text() == manager.page.locator("[data-test=approval-card] ins").first.inner_text() != asked


def test_who_looks_at_a_request_hears_that_it_was_decided_elsewhere(at_browser: SitDown) -> None:
    clerk, manager, other = at_browser("clerk"), at_browser("manager"), at_browser("manager")
    clerk.send("Refund 120 for SO-10234, a crack")
    clerk.wait_for_status("waiting")
    for one in (manager, other):
        one.open("/approvals")
        one.page.locator("[data-test=approval-card] h2 a").first.click()
    other.page.locator("[data-test=reason]").first.fill("No photo")
    other.page.locator("[data-test=deny]").first.click()
    page: Page = manager.page
    expect(page.locator("[data-test=news]")).to_be_visible(timeout=20_000)
    page.locator("[data-test=news] a").click()
    expect(page.locator("[data-test=approval-card]")).to_have_attribute("data-status", "denied")


def test_a_denial_without_a_reason_is_held_back_by_the_browser(at_browser: SitDown) -> None:
    clerk, manager = at_browser("clerk"), at_browser("manager")
    clerk.send("Refund 120 for SO-10234, a crack")
    clerk.wait_for_status("waiting")
    manager.open("/approvals")
    manager.page.locator("[data-test=deny]").first.click()
    assert manager.page.url.endswith("/approvals")
    manager.page.locator("[data-test=reason]").first.fill("No photo")
    manager.page.locator("[data-test=deny]").first.click()
    manager.page.wait_for_selector("[data-status=denied]")
    clerk.page.wait_for_selector("[data-test=approval-card][data-status=denied]")
    assert "No photo" in clerk.page.locator("[data-test=approval-card]").inner_text()


def test_withdrawing_ends_a_run_that_waits(at_browser: SitDown) -> None:
    clerk = at_browser("clerk")
    page: Page = clerk.page
    clerk.send("Refund 120 for SO-10234, a crack")
    clerk.wait_for_status("waiting")
    clerk.page.get_by_role("button", name="Withdraw").click()
    clerk.wait_for_status("cancelled")
    expect(page.locator("[data-test=send]")).to_be_visible()


def test_the_timeline_shows_tokens_money_and_the_step_a_link_names(at_browser: SitDown) -> None:
    clerk = at_browser("clerk")
    page: Page = clerk.page
    clerk.send("Show me order SO-10120.")
    clerk.wait_for_status("done")
    clerk.page.get_by_role("link", name="Timeline").click()
    clerk.page.wait_for_selector("jindou-timeline [data-test=step]")
    expect(page.locator("[data-test=step] .triple")).to_have_count(2)
    expect(page.locator("[data-test=run-cost]")).to_contain_text("CNY")
    expect(page.locator("jindou-timeline .facts")).to_contain_text("After-sales")
    clerk.open("/usage?by=assistant")
    expect(page.get_by_role("region", name="By assistant")).to_contain_text("After-sales")
    expect(page.locator(".chart-table thead")).to_contain_text("After-sales")
    clerk.page.locator("tbody a", has_text="tool:").first.click()
    opened = clerk.page.locator("[data-test=step][data-kind=tool] details[open]")
    opened.wait_for()
    assert opened.count() == 1


def test_the_timeline_moves_while_the_run_does(at_browser: SitDown, site: Site) -> None:
    clerk = at_browser("clerk")
    page: Page = clerk.page
    site.gate.shut()
    clerk.send("Refund 1.50 for SO-10007, broken lamp")
    clerk.page.wait_for_selector("[data-test=step][data-status=started]")
    clerk.page.get_by_role("link", name="Timeline").click()
    clerk.page.wait_for_selector("jindou-timeline [data-status=started]")
    site.gate.release()
    clerk.page.wait_for_selector("jindou-timeline .pill[data-status=done]")
    expect(page.locator("jindou-timeline [data-status=started]")).to_have_count(0)


def test_a_message_stays_in_the_box_when_it_could_not_be_sent(at_browser: SitDown) -> None:
    clerk = at_browser("clerk")
    clerk.context.set_offline(True)
    clerk.send("Show me order SO-10120.")
    clerk.page.wait_for_selector(".composer .trouble:visible")
    assert "does not answer" in clerk.page.locator(".composer .trouble").inner_text()
    assert clerk.page.input_value("[data-test=message]") == "Show me order SO-10120."
    clerk.context.set_offline(False)
    clerk.page.click("[data-test=send]")
    clerk.wait_for_status("done")
    clerk.complaints.clear()  # The browser itself reports the request that failed.


def test_enter_sends_but_not_while_an_input_method_composes(at_browser: SitDown) -> None:
    clerk = at_browser("clerk")
    clerk.page.fill("[data-test=message]", "ni hao")
    composing = "new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true, cancelable: true})"
    clerk.page.evaluate(f"document.querySelector('textarea').dispatchEvent({composing})")
    clerk.page.press("[data-test=message]", "Shift+Enter")
    assert clerk.page.locator(".run").count() == 0
    clerk.page.press("[data-test=message]", "Enter")
    clerk.wait_for_status("done")


def test_an_example_fills_the_box_and_waits_for_the_person(at_browser: SitDown) -> None:
    clerk = at_browser("clerk")
    example = clerk.page.locator("[data-example]").first
    example.click()
    assert clerk.page.input_value("[data-test=message]") == example.inner_text()
    assert clerk.page.locator(".run").count() == 0


def test_a_new_attempt_drops_the_text_of_the_old_one(at_browser: SitDown) -> None:
    clerk = at_browser("clerk")
    said = clerk.page.evaluate(
        """async () => {
            const { RunState } = await import("/static/js/fold.js");
            const state = new RunState({ id: "run_1", status: "running", rules: [], journal: [], last_event: 0 });
            const data = (attempt, text) => ({ step_id: "s", attempt, text });
            const delta = (...words) => state.apply({ seq: 0, type: "text.delta", data: data(...words) });
            delta(1, "I will "); delta(1, "ref");
            const before = state.draft.text;
            delta(2, "I refunded"); delta(1, "und it"); delta(2, " it.");
            return [before, state.draft.text];
        }"""
    )
    assert said == ["I will ref", "I refunded it."]


def test_an_event_seen_twice_changes_nothing(at_browser: SitDown) -> None:
    clerk = at_browser("clerk")
    statuses = clerk.page.evaluate(
        """async () => {
            const { RunState } = await import("/static/js/fold.js");
            const step = (status) => ({ id: "s", n: 1, status, rules: [] });
            const run = { id: "run_1", status: "running", rules: [], journal: [step("done")], last_event: 3 };
            const state = new RunState(run);
            state.apply({ seq: 2, type: "step.started", data: { step: step("started") } });
            const notice = { seq: 3, type: "run.notice", data: { code: "output_cut", params: {} } };
            state.apply(notice); state.apply(notice);
            return [state.journal[0].status, state.notices.length, state.notices[0].after];
        }"""
    )
    assert statuses == ["done", 1, "s"]


@pytest.mark.parametrize(
    "path", ["/", "/runs", "/approvals", "/usage", "/audit", "/models", "/deployments", "/playground", "/keys"]
)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_page_is_wider_than_a_phone(at_browser: SitDown, path: str, language: str) -> None:
    manager = at_browser("manager", size="phone", language=language)
    manager.open(path)
    assert manager.page.evaluate("document.documentElement.scrollWidth") == 360


def test_the_keyboard_finds_the_skip_link_first_and_lands_in_the_content(at_browser: SitDown) -> None:
    manager = at_browser("manager")
    page: Page = manager.page
    manager.open("/runs")
    manager.page.keyboard.press("Tab")
    assert manager.page.evaluate("document.activeElement.className") == "skip"
    manager.page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_the_theme_follows_the_system_until_a_person_chooses(at_browser: SitDown) -> None:
    manager = at_browser("manager")
    theme = "document.documentElement.dataset.theme"
    manager.page.emulate_media(color_scheme="dark")
    # What asks the page again and again with code of its own is refused by the page's policy.
    manager.page.wait_for_selector("html[data-theme=dark]")
    manager.page.click("[data-theme-switch]")
    manager.page.reload()
    assert manager.page.evaluate(theme) == "light"


def test_times_are_in_the_viewers_zone(at_browser: SitDown) -> None:
    manager = at_browser("manager")
    manager.open("/audit")
    shown = manager.page.locator("tbody time").first
    stamp = shown.get_attribute("datetime")
    there = manager.page.evaluate(
        "iso => new Date(iso).toLocaleTimeString('en-GB', {timeZone: 'Asia/Shanghai'})", stamp
    )
    assert shown.inner_text().endswith(there)
