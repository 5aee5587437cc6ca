"""The pages as a browser without scripts sees them."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from console_site import Site
from strict_pages import Markup, is_strict, start_run

from jindou.agents.approvals import Approval
from jindou.surfaces.console.texts import LANGUAGES
from support.platform import as_person

SignIn = Callable[[str], httpx.Client]

_PAGES = (
    "/",
    "/runs",
    "/approvals",
    "/usage",
    "/usage?days=7",
    "/budgets",
    "/models",
    "/models?kind=coder",
    "/deployments",
    "/playground",
    "/keys",
    "/secrets",
    "/audit",
    "/account",
    "/people",
    "/people?text=clerk",
    "/teams",
    "/services",
    "/webhooks",
    "/account/proof",
    "/readings",
    "/sessions",
    "/sso",
    "/policies",
    "/rights",
    "/rights?person=clerk&against=warehouse",
)


@pytest.fixture(scope="module")
def waiting(site: Site) -> Callable[[], Approval]:
    """Make a refund wait for the manager, and return its approval."""

    def make() -> Approval:
        run_id = start_run(site, "clerk", "Refund 120 for SO-10234, a crack")
        manager = as_person(site.platform, "manager")
        with site.platform.database.reading(manager.org_id) as work:
            approvals = site.platform.approvals.list_approvals(work, manager, "waiting")
        return next(approval for approval in approvals if approval.run_id == run_id)

    return make


@pytest.fixture(scope="module")
def busy(site: Site, waiting: Callable[[], Approval]) -> Approval:
    """A company where something has happened: a run is done, one was refused, one waits."""
    start_run(site, "manager", "Show me <script>alert(1)</script> order SO-10120")
    start_run(site, "warehouse", "Refund 120 for SO-10234")
    return waiting()


def test_every_section_has_a_picture_of_its_own(visit: SignIn) -> None:
    page = visit("manager").get("/").text
    shown = re.findall(r'<li><a href="(/[a-z]*)"[^>]*><svg [^>]*><use href="#i-([a-z]+)"/>', page)
    assert len(shown) > len({"runs", "approvals", "usage", "budgets", "people", "sso", "webhooks"})
    assert len({icon for _, icon in shown}) == len(shown)
    assert all(f'id="i-{icon}"' in page for _, icon in shown)


def test_the_docs_name_every_section(visit: SignIn) -> None:
    told = (Path(__file__).parents[3] / "docs" / "console.md").read_text(encoding="utf-8")
    shown = re.findall(r'<li><a href="(/[a-z]*)"[^>]*><svg ', visit("manager").get("/").text)
    assert [path for path in shown if not re.search(rf"^\| [^|]*`{path}`", told, re.MULTILINE)] == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", _PAGES)
def test_every_page_is_strict_and_speaks_the_viewers_language(
    visit: SignIn, busy: Approval, path: str, language: str
) -> None:
    assert busy.status == "waiting"
    client = visit("manager")
    client.cookies.set("jindou_language", language)
    response = client.get(path)
    assert response.status_code == 200
    is_strict(response)
    markup = Markup(response.text)
    assert markup.language == {"en": "en", "zh": "zh-Hans"}[language]
    assert markup.tags.count("h1") == 1
    assert markup.tags.count("main") == 1


def test_the_page_of_one_approval_and_of_one_run_are_strict_too(visit: SignIn, busy: Approval) -> None:
    client = visit("manager")
    for path in (f"/approvals/{busy.id}", f"/runs/{busy.run_id}"):
        is_strict(client.get(path))


def test_what_a_person_wrote_is_text_and_never_markup(visit: SignIn, busy: Approval) -> None:
    assert busy.status == "waiting"
    for path in ("/runs", "/"):
        text = visit("manager").get(path).text
        assert "<script>alert(1)" not in text
        assert "&lt;script&gt;alert(1)" in text


def test_examples_fit_the_role_and_the_language(visit: SignIn) -> None:
    clerk = visit("clerk").get("/").text
    assert "broken lamp" in clerk
    warehouse = visit("warehouse").get("/").text
    assert "极光台灯还有多少库存" in warehouse
    assert "退款 120" not in warehouse


def test_the_language_switch_stays_and_leads_nowhere_else(visit: SignIn) -> None:
    client = visit("clerk")
    answer = client.post("/language", data={"language": "zh", "back": "/usage?days=7"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/usage?days=7")
    assert "账单" in client.get("/usage").text
    for elsewhere in ("https://example.com", "//example.com", "/\\example.com", "example.com", "/a\r\nx: y"):
        answer = client.post("/language", data={"language": "en", "back": elsewhere})
        assert answer.headers["location"] == "/"


def test_nobody_sees_a_page_without_signing_in(site: Site) -> None:
    with httpx.Client(base_url=site.url, headers={"accept": "text/html"}, timeout=60) as client:
        for path in _PAGES:
            answer = client.get(path)
            assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


def test_looking_at_a_sign_in_link_does_not_use_it_up_but_signing_in_does(site: Site) -> None:
    link = site.link("clerk")
    token = link.partition("token=")[2]
    with httpx.Client(base_url=site.url, headers={"accept": "text/html"}, timeout=60) as client:
        for _ in range(3):
            page = client.get(f"/sign-in?token={token}")
            assert "Lena Vogel" in page.text
            is_strict(page)
        signed_in = client.post("/sign-in", data={"token": token})
        assert (signed_in.status_code, signed_in.headers["location"]) == (303, "/")
        cookie = signed_in.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        again = client.post("/sign-in", data={"token": token})
        assert again.status_code == 401
        assert "has been used" in again.text
        assert "jindou sign-in --as clerk" in again.text


def test_a_link_that_never_was_one_says_how_to_get_one(site: Site) -> None:
    with httpx.Client(base_url=site.url, headers={"accept": "text/html"}, timeout=60) as client:
        for answer in (client.get("/sign-in?token=nonsense"), client.post("/sign-in", data={"token": "nonsense"})):
            assert answer.status_code == 401
            assert "jindou sign-in --as clerk" in answer.text
        assert client.get("/sign-in").status_code == 200


def test_signing_out_ends_the_session_and_not_only_the_cookie(site: Site, visit: SignIn) -> None:
    client = visit("clerk")
    cookies = dict(client.cookies)
    assert client.post("/sign-out").status_code == 303
    with httpx.Client(base_url=site.url, headers={"accept": "text/html"}, cookies=cookies, timeout=60) as thief:
        assert thief.get("/").status_code == 303


def test_another_site_can_neither_decide_nor_sign_in(site: Site, visit: SignIn, busy: Approval) -> None:
    client = visit("manager")
    headers = {"origin": "https://example.com"}
    assert client.post(f"/approvals/{busy.id}", data={"decision": "approve"}, headers=headers).status_code == 403
    token = site.link("clerk").partition("token=")[2]
    assert client.post("/sign-in", data={"token": token}, headers=headers).status_code == 403


def test_a_denial_needs_a_reason_and_keeps_what_was_typed(visit: SignIn, waiting: Callable[[], Approval]) -> None:
    approval, client = waiting(), visit("manager")
    answer = client.post(f"/approvals/{approval.id}", data={"decision": "deny", "reason": "  "})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    long = client.post(f"/approvals/{approval.id}", data={"decision": "approve", "reason": "x" * 1001})
    assert long.status_code == 422
    assert "x" * 1001 in long.text
    denied = client.post(f"/approvals/{approval.id}", data={"decision": "deny", "reason": "Ask for a <b>photo</b>"})
    assert denied.status_code == 303
    shown = client.get(f"/approvals/{approval.id}").text
    assert "Ask for a &lt;b&gt;photo&lt;/b&gt;" in shown


def test_what_was_decided_can_not_be_decided_again(visit: SignIn, waiting: Callable[[], Approval]) -> None:
    approval, client = waiting(), visit("manager")
    assert client.post(f"/approvals/{approval.id}", data={"decision": "approve"}).status_code == 303
    again = client.post(f"/approvals/{approval.id}", data={"decision": "deny", "reason": "too late"})
    assert again.status_code == 409
    assert 'data-status="approved"' in again.text


def test_who_asked_sees_the_request_but_no_buttons_and_can_not_decide(visit: SignIn, busy: Approval) -> None:
    client = visit("clerk")
    shown = client.get(f"/approvals/{busy.id}")
    assert shown.status_code == 200
    assert 'data-test="approve"' not in shown.text
    assert client.post(f"/approvals/{busy.id}", data={"decision": "approve"}).status_code == 403


def test_the_badge_counts_for_those_who_may_decide_and_hides_from_others(visit: SignIn, busy: Approval) -> None:
    assert busy.status == "waiting"
    assert " hidden" not in visit("manager").get("/approvals/badge").text
    assert " hidden" in visit("warehouse").get("/approvals/badge").text


def test_what_belongs_to_somebody_else_is_not_here(visit: SignIn, busy: Approval) -> None:
    client = visit("warehouse")
    for path in (f"/runs/{busy.run_id}", f"/approvals/{busy.id}", "/c/cnv_nothing", "/nothing"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert "不存在" in answer.text
        is_strict(answer)


def test_a_page_that_a_rule_closes_names_the_rule(visit: SignIn) -> None:
    answer = visit("clerk").get("/audit")
    assert answer.status_code == 403
    assert "jindou.default-deny" in answer.text


def test_errors_speak_the_viewers_language_and_the_address_of_a_form_leads_to_its_page(visit: SignIn) -> None:
    client = visit("clerk")
    client.cookies.set("jindou_language", "zh")
    refused, missing = client.get("/people"), client.get("/nosuch")
    assert "未被任何规则允许的操作一律拒绝（<code>jindou.default-deny</code>）" in refused.text
    assert "No rule allows" not in refused.text
    assert (missing.status_code, "Not Found" in missing.text) == (404, False)
    for form, page in (("/account/password", "/account"), ("/account/totp/removal", "/account"), ("/sign-out", "/")):
        assert client.get(form).headers["location"] == page
    wrong = client.post("/account/password", data={"new": "short", "again": "short"})
    assert 'name="back" value="/account"' in wrong.text
    assert client.post("/account", data={}).status_code == 405
    assert visit("manager").get("/policies/x").status_code == 404


def test_labels_of_an_approval_lead_each_to_its_own_field(visit: SignIn, busy: Approval) -> None:
    page = visit("manager").get("/approvals").text
    ids = [piece.partition('"')[0] for piece in page.split(' id="')[1:]]
    assert f"argument-reason-{busy.id}" in ids
    assert len(ids) == len(set(ids))


def test_nonsense_in_an_address_is_answered_with_a_page(visit: SignIn) -> None:
    client = visit("manager")
    for path in ("/usage?days=soon", "/usage?days=0", "/audit?before=x"):
        answer = client.get(path)
        assert answer.status_code == 422
        is_strict(answer)


def test_the_chain_is_verified_with_and_without_scripts(visit: SignIn) -> None:
    client = visit("manager")
    whole = client.post("/audit/verify")
    assert "The chain holds" in whole.text
    assert "<html" in whole.text
    piece = client.post("/audit/verify", headers={"hx-request": "true"})
    assert "The chain holds" in piece.text
    assert "<html" not in piece.text


def test_scripts_and_styles_are_served_as_what_they_are(site: Site) -> None:
    kinds: dict[str, Any] = {
        "/static/js/page.js": "javascript",
        "/static/vendor/purify.es.mjs": "javascript",
        "/static/css/tokens.css": "text/css",
        "/static/favicon.svg": "image/svg+xml",
    }
    for path, kind in kinds.items():
        answer = httpx.get(site.url + path, timeout=60)
        assert kind in answer.headers["content-type"]
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert httpx.get(f"{site.url}/static/../pages.py", timeout=60).status_code == 404
