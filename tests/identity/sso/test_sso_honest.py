"""A real OpenID provider, certified by the OpenID Foundation, and a real browser: in, out, two tabs, and new keys."""

from collections.abc import Callable, Generator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from jindou.identity.audit import AuditSearch
from jindou.identity.sso import NewProvider, Provider
from support.homes import copy_home
from support.openid.honest import HonestProvider
from support.platform import as_person
from support.scripted import refund_script
from support.served import serve

SECRET = "honest-and-long-enough"
UMA = {
    "name": "Uma One",
    "preferred_username": "uma",
    "email": "uma@acme.example",
    "email_verified": True,
    "groups": ["money"],
}


class Walk:
    """Somebody's way through a browser; no page may complain."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.context = context
        self.url = url
        self.complaints: list[str] = []

    def tab(self, path: str = "/sign-in") -> Page:
        """Open a tab on a page of the console."""
        page = self.context.new_page()
        page.set_default_timeout(30_000)
        page.on("console", self._hear)
        page.goto(self.url + path)
        return page

    def begin(self, page: Page) -> None:
        """Press the button, and come to the provider's page."""
        page.click("[data-test=sso]")
        page.wait_for_selector("[data-test=sub]")

    def sign_in(self, page: Page, subject: str = "u-1") -> None:
        """Say there who one is, and come back."""
        page.fill("[data-test=sub]", subject)
        page.click("[data-test=in]")
        page.wait_for_selector("[data-test=message]")

    def _hear(self, said: object) -> None:
        kind, text, where = (getattr(said, name) for name in ("type", "text", "location"))
        if kind == "error" and urlsplit(self.url).netloc in str(where):
            self.complaints.append(text)


@pytest.fixture(scope="module")
def company(
    made_home: Path, tmp_path_factory: pytest.TempPathFactory, honest: HonestProvider
) -> Generator[tuple[str, Provider, Callable[[], list[str]]]]:
    """A console that knows the provider and is known to it: its address, the provider, and what the trail says."""
    home = copy_home(made_home, tmp_path_factory.mktemp("honest") / "home")
    with serve(home, refund_script("SO-10007", 1.0), sso_private=True) as platform:
        manager = as_person(platform, "manager")
        new = {
            "name": "Acme",
            "issuer": honest.issuer,
            "client_id": "jindou",
            "client_secret": SECRET,
            "scopes": "openid profile email groups",
            "roles": {"money": ["finance"]},
            "makes_people": True,
            "new_roles": ["clerk"],
        }
        provider = platform.sso.providers.create(manager, NewProvider.model_validate(new))
        honest.know(clients=[honest.client(provider, SECRET)], people={"u-1": UMA})

        def trail() -> list[str]:
            with platform.database.reading(manager.org_id) as work:
                return [event.action for event in platform.audit.search(work, manager, AuditSearch(limit=10))]

        yield platform.settings.url, provider, trail


@pytest.fixture
def walk(browser: Browser, company: tuple[str, Provider, Callable[[], list[str]]]) -> Generator[Walk]:
    context = browser.new_context(locale="en-GB")
    walk = Walk(context, company[0])
    yield walk
    context.close()
    assert walk.complaints == []


def test_who_begins_where_passkeys_work_goes_first_to_where_the_provider_sends_people_back(walk: Walk) -> None:
    page = walk.context.new_page()
    page.goto(f"{walk.url.replace('127.0.0.1', 'localhost')}/sign-in")
    page.click("[data-test=sso]")
    page.wait_for_url(f"{walk.url}/sign-in?sso=*")
    walk.begin(page)
    walk.sign_in(page)


def test_somebody_signs_in_and_out_here_and_there(walk: Walk, honest: HonestProvider) -> None:
    page = walk.tab()
    walk.begin(page)
    assert page.url.startswith(honest.issuer)
    walk.sign_in(page)
    assert page.request.get(f"{walk.url}/api/principals/me").json()["roles"] == ["clerk", "finance"]
    cookie = next(one for one in walk.context.cookies() if one.get("name", "").startswith("jindou_session"))
    assert (cookie.get("httpOnly"), cookie.get("sameSite")) == (True, "Strict")
    page.goto(f"{walk.url}/sessions")
    assert "Identity provider" in page.inner_text("main")
    page.evaluate("document.querySelector('form[action=\"/sign-out\"]').requestSubmit()")
    page.click("[data-test=out]")
    page.wait_for_selector("[data-test=sso]")
    assert page.url.startswith(f"{walk.url}/sign-in")
    assert page.request.get(f"{walk.url}/api/principals/me").status == 401
    walk.begin(page)


def test_two_tabs_sign_in_at_once(walk: Walk) -> None:
    first, second = walk.tab(), walk.tab()
    for page in (first, second):
        walk.begin(page)
    for page in (second, first):
        walk.sign_in(page)
    first.goto(f"{walk.url}/sessions")
    assert first.locator("tbody tr, [data-test=session]").count() >= 2


def test_new_keys_of_the_provider_are_taken_as_they_come(walk: Walk, honest: HonestProvider) -> None:
    honest.know(rotate=True)
    page = walk.tab()
    walk.begin(page)
    walk.sign_in(page)


def test_signing_out_at_the_provider_ends_the_session_here(
    walk: Walk, honest: HonestProvider, company: tuple[str, Provider, Callable[[], list[str]]]
) -> None:
    page = walk.tab()
    walk.begin(page)
    walk.sign_in(page)
    elsewhere = walk.context.new_page()
    elsewhere.goto(f"{honest.issuer}/session/end")
    elsewhere.click("[data-test=out]")
    elsewhere.wait_for_url("**/session/end/success**")
    assert page.request.get(f"{walk.url}/api/principals/me").status == 401
    assert company[2]()[0] == "sessions::close"


@pytest.mark.parametrize(("language", "told"), [("en-GB", "Nobody here yet"), ("zh-CN", "此处尚无此人")])
def test_who_is_nobody_here_is_told_so_in_their_language(
    browser: Browser, company: tuple[str, Provider, Callable[[], list[str]]], language: str, told: str
) -> None:
    context = browser.new_context(locale=language)
    walk = Walk(context, company[0])
    page = walk.tab()
    walk.begin(page)
    page.fill("[data-test=sub]", "u-nameless")
    page.click("[data-test=in]")
    assert told in page.inner_text("h1")
    context.close()
