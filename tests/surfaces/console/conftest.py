"""A console to look at, and a browser to look with."""

import json
from collections.abc import Callable, Generator
from typing import Any

import httpx
import pytest
from console_site import Site, open_site, shop_script
from playwright.sync_api import Browser, BrowserContext, Page

_SIZES: dict[str, dict[str, Any]] = {
    "desk": {"viewport": {"width": 1280, "height": 820}},
    "phone": {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True},
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Generator[Site]:
    with open_site(tmp_path_factory.mktemp("console"), shop_script) as opened:
        yield opened


@pytest.fixture
def visit(site: Site) -> Generator[Callable[[str], httpx.Client]]:
    """A way to get an HTTP client that is signed in as a demo person, as a browser without scripts would be."""
    clients: list[httpx.Client] = []

    def sign_in(handle: str) -> httpx.Client:
        client = httpx.Client(base_url=site.url, headers={"accept": "text/html"}, timeout=60)
        clients.append(client)
        token = site.link(handle).partition("token=")[2]
        assert client.post("/sign-in", data={"token": token}).status_code == 303
        return client

    yield sign_in
    for client in clients:
        client.close()


class Visitor:
    """Somebody at a browser. `complaints` is what the browser said of our pages: errors and refusals of the CSP."""

    def __init__(self, context: BrowserContext, site: Site) -> None:
        self.context = context
        self.page: Page = context.new_page()
        self.page.set_default_timeout(60_000)
        self.site = site
        self.complaints: list[str] = []
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def sign_in(self, handle: str) -> None:
        self.page.goto(self.site.link(handle))
        self.page.click("[data-test=sign-in]")
        self.page.wait_for_selector("[data-test=message]:enabled")

    def open(self, path: str) -> None:
        self.page.goto(self.site.url + path)

    def send(self, message: str) -> None:
        self.page.fill("[data-test=message]", message)
        self.page.click("[data-test=send]")

    def wait_for_status(self, status: str) -> None:
        self.page.wait_for_selector(f".run:last-child[data-status={status}]")

    def speak(self, language: str) -> None:
        self.context.add_cookies([{"name": "jindou_language", "value": language, "url": self.site.url}])

    def state(self) -> dict[str, Any]:
        given = self.page.get_attribute("jindou-chat", "data-state")
        return json.loads(given or "{}")


@pytest.fixture
def at_browser(browser: Browser, site: Site) -> Generator[Callable[..., Visitor]]:
    """A way to sit somebody down at a browser of their own; at the end no page may have complained."""
    visitors: list[Visitor] = []

    def sit_down(handle: str, size: str = "desk", language: str = "en") -> Visitor:
        visitor = Visitor(browser.new_context(locale="en-GB", timezone_id="Asia/Shanghai", **_SIZES[size]), site)
        visitors.append(visitor)
        visitor.speak(language)
        visitor.sign_in(handle)
        return visitor

    yield sit_down
    site.gate.release()
    for visitor in visitors:
        visitor.context.close()
    assert [complaint for visitor in visitors for complaint in visitor.complaints] == []
