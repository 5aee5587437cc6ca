"""A person controls, explains and finds runs at the browser; the keyboard is enough for it."""

from collections.abc import Callable
from typing import Any

from console_site import Site
from playwright.sync_api import Page, expect

SitDown = Callable[..., Any]


def test_a_run_is_explained_paused_told_more_resumed_and_branched_by_keyboard(at_browser: SitDown) -> None:
    clerk = at_browser("clerk")
    page: Page = clerk.page
    clerk.send("Refund 120 for SO-10234, a crack")
    clerk.wait_for_status("waiting")
    page.get_by_role("link", name="Timeline").click()
    controls = page.get_by_role("region", name="What you can do to this run")
    controls.get_by_role("button", name="Why is it here?").press("Enter")
    expect(controls.get_by_role("status")).to_contain_text("waits until")
    controls.get_by_role("button", name="Pause").press("Enter")
    expect(page.locator(".pill").first).to_have_text("Paused")
    controls.get_by_label("Tell it").fill("Be kind.")
    controls.get_by_label("Tell it").press("Enter")
    expect(page.locator("[data-test=told]")).to_contain_text("Be kind.")
    controls.get_by_role("button", name="Resume").press("Enter")
    expect(page.locator(".pill").first).to_have_text("Waiting for approval")
    expect(page.locator("[data-limit=steps]")).to_have_text("2 / 8")
    controls.get_by_text("Branch", exact=True).press("Enter")
    controls.get_by_label("Tell the branch").fill("Show me order SO-10120.")
    controls.get_by_label("Tell the branch").press("Enter")
    page.get_by_text("Shares the steps of another run up to step 0:").wait_for()
    expect(page.locator("blockquote")).to_have_text("Show me order SO-10120.")


def test_one_box_unticks_every_like_call_and_some_are_ticked_again(at_browser: SitDown) -> None:
    clerk = at_browser("clerk")
    for _ in range(2):
        clerk.open("/")
        clerk.send("Refund 120 for SO-10234, a crack")
        clerk.wait_for_status("waiting")
    manager = at_browser("manager")
    manager.open("/approvals")
    page: Page = manager.page
    every, ticks = page.get_by_role("checkbox", name="Tick all"), page.locator("[data-test=tick]")
    expect(every).to_be_checked()
    every.press("Space")
    expect(page.locator("[data-test=tick]:checked")).to_have_count(0)
    ticks.first.press("Space")
    expect(every).to_have_js_property("indeterminate", value=True)
    page.get_by_label("Reason", exact=True).fill("Not these.")
    page.get_by_role("button", name="Deny what is ticked").press("Enter")
    expect(page.locator("[data-test=outcomes] li")).to_have_count(1)


def test_runs_are_found_in_both_languages(at_browser: SitDown) -> None:
    clerk = at_browser("clerk", language="zh")
    page: Page = clerk.page
    clerk.send("Show me order SO-10120.")
    clerk.wait_for_status("done")
    clerk.open("/runs")
    search = page.get_by_role("search", name="查找运行")
    search.get_by_label("工具").fill("get_order")
    search.get_by_label("文字").fill("so-10120")
    search.get_by_label("助手").select_option("售后助手")
    search.get_by_role("button", name="查找运行").click()
    expect(page.locator("tbody tr").first).to_contain_text("Show me order SO-10120.")
    search.get_by_label("工具").fill("refund_order")
    search.get_by_role("button", name="查找运行").click()
    expect(page.get_by_text("没有符合条件的运行。")).to_be_visible()


def test_what_is_typed_while_a_run_works_is_told_to_it(at_browser: SitDown, site: Site) -> None:
    clerk = at_browser("clerk")
    page: Page = clerk.page
    site.gate.shut()
    clerk.send("Show me order SO-10120.")
    page.locator("[data-test=stop]").wait_for()
    page.fill("[data-test=message]", "Only its date.")
    page.press("[data-test=message]", "Enter")
    expect(page.locator("[data-test=told]")).to_contain_text("Only its date.")
    site.gate.release()
    clerk.wait_for_status("done")
