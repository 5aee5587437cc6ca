"""The story of the after-sales desk, in a real browser, with the real 0.5B model."""

from collections.abc import Generator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from support.server import Server, free_port, running

EVIDENCE = Path(__file__).parents[2] / "evidence"
PATIENCE = 180_000
"""Milliseconds for a step of a 0.5B model on a slow machine that others use, too."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, small_model: Path, models_dir: Path) -> Generator[Server]:
    assert small_model.exists()
    EVIDENCE.mkdir(exist_ok=True)
    with running(tmp_path_factory.mktemp("home"), models_dir, free_port()) as server:
        yield server


def sign_in(browser: Browser, server: Server, person: str) -> Page:
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(server.links[person])
    page.get_by_test_id("sign-in").click()
    expect(page.get_by_test_id("message")).to_be_enabled()
    return page


def ask(page: Page, message: str) -> None:
    page.get_by_test_id("message").fill(message)
    page.get_by_test_id("send").click()


def test_clerk_manager_and_warehouse_worker_each_get_what_their_rights_allow(browser: Browser, server: Server) -> None:
    expect.set_options(timeout=PATIENCE)
    clerk = sign_in(browser, server, "clerk")
    ask(clerk, "Customer of order SO-10007 got a broken lamp, refund 25.50")
    done = clerk.locator("[data-test=step][data-status=done][data-name=refund_order]")
    expect(done).to_have_count(1)
    expect(clerk.get_by_test_id("answer")).to_be_visible()
    expect(clerk.get_by_test_id("run-cost")).to_contain_text("CNY")
    clerk.screenshot(path=EVIDENCE / "1-clerk-refund.png")

    ask(clerk, "Customer of order SO-10007 got a broken lamp, refund 120")
    expect(clerk.get_by_test_id("approval-card")).to_be_visible()
    clerk.screenshot(path=EVIDENCE / "2-clerk-waits.png")

    manager = sign_in(browser, server, "manager")
    manager.goto(f"{server.url}/approvals")
    card = manager.get_by_test_id("approval-card").first
    expect(card).to_contain_text("ecommerce.clerk-refund-limit")
    expect(card).to_contain_text("145.50")
    manager.screenshot(path=EVIDENCE / "3-manager-inbox.png")
    card.get_by_test_id("approve").click()

    expect(done).to_have_count(2)
    clerk.screenshot(path=EVIDENCE / "4-clerk-approved.png")

    worker = sign_in(browser, server, "warehouse")
    ask(worker, "Customer of order SO-10007 got a broken lamp, refund 25.50")
    expect(worker.get_by_test_id("refusal")).to_contain_text("ecommerce.warehouse-no-money")
    worker.screenshot(path=EVIDENCE / "5-warehouse-refused.png")

    manager.goto(f"{server.url}/usage")
    expect(manager.locator("main")).to_contain_text("tool:money")
    manager.screenshot(path=EVIDENCE / "6-bill.png", full_page=True)
    manager.goto(f"{server.url}/audit")
    expect(manager.locator("main")).to_contain_text("ecommerce::refund_order")
    manager.get_by_test_id("verify").click()
    expect(manager.locator("#verification .good")).to_be_visible()
    manager.screenshot(path=EVIDENCE / "7-audit.png", full_page=True)
