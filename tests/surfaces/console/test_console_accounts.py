"""Signing in with a password, and one's own page, in a real browser and without one."""

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
from console_site import Site
from sqlalchemy import select
from strict_pages import is_strict

from jindou.identity.accounts.tables import RulesRow
from jindou.identity.accounts.totp import code_at, step_of
from jindou.identity.sessions.tables import SessionRow
from support.platform import as_person

GOOD = "lanterns over the quiet harbour"
OTHER = "nine herons wade at low tide"
Visit = Callable[[str], httpx.Client]


def test_a_password_is_set_in_the_browser_and_signs_in_there(at_browser: Callable[..., Any]) -> None:
    visitor = at_browser("finance")
    page = visitor.page
    visitor.open("/account")
    page.fill("[data-test=new-password]", GOOD)
    page.fill("[data-test=again-password]", GOOD)
    page.click("[data-test=save-password]")
    page.wait_for_selector("[data-test=done]")
    page.click(".side form[action='/sign-out'] button")
    page.fill("[data-test=person]", "finance")
    page.fill("[data-test=password]", GOOD)
    page.click("[data-test=enter]")
    page.wait_for_selector("[data-test=message]:enabled")
    (device,) = (one for one in visitor.context.cookies() if one["name"].startswith("jindou_device"))
    assert (device["httpOnly"], device["sameSite"]) == (True, "Strict")


def test_a_passkey_is_made_and_used_in_a_browser(site: Site, at_browser: Callable[..., Any]) -> None:
    site_url = f"http://localhost:{site.platform.settings.port}"
    visitor = at_browser("finance")
    page = visitor.page
    wire = visitor.context.new_cdp_session(page)
    wire.send("WebAuthn.enable")
    kind = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    device = {**kind, "isUserVerified": True, "automaticPresenceSimulation": True}
    wire.send("WebAuthn.addVirtualAuthenticator", {"options": device})
    visitor.open("/account")
    page.wait_for_selector("[data-passkey=add] [data-elsewhere]:not([hidden])")
    page.goto(site.link("finance").replace(site.url, site_url))
    page.click("[data-test=sign-in]")
    page.wait_for_selector("[data-test=message]:enabled")
    page.goto(f"{site_url}/account")
    page.fill("[data-test=passkey-name]", "Laptop")
    page.click("[data-test=add-passkey]")
    page.wait_for_selector("[data-test=passkey]")
    page.fill("[data-test=passkey-name]", " ")
    page.click("[data-test=add-passkey]")
    assert page.locator("[data-test=passkey-name]:invalid").count() == 1
    page.fill("[data-test=passkey-name]", "Laptop again")
    page.click("[data-test=add-passkey]")
    page.wait_for_selector("[data-there]:not([hidden])")
    page.click(".side form[action='/sign-out'] button")
    page.click("[data-test=enter-passkey]")
    page.wait_for_selector("[data-test=message]:enabled")
    page.goto(f"{site_url}/sessions")
    assert "通行密钥" in page.inner_text("[data-test=session-row] >> nth=0")
    with site.platform.database.writing(None) as work:
        for row in work.session.scalars(select(SessionRow)):
            row.proved_at -= timedelta(minutes=10)
    page.goto(f"{site_url}/account")
    page.click("[data-test=remove-passkey]")
    page.click("[data-test=prove-passkey]")
    page.click("[data-test=remove-passkey]")
    page.wait_for_selector("[data-test=passkey]", state="detached")


def test_an_authenticator_is_set_up_by_its_code_and_asked_for_at_the_next_sign_in(
    site: Site, at_browser: Callable[..., Any]
) -> None:
    visitor = at_browser("warehouse")
    page = visitor.page
    visitor.open("/account")
    page.click("[data-test=begin-totp]")
    page.wait_for_selector("[data-test=qr] svg path")
    key = base64.b32decode(page.inner_text("[data-test=totp-secret]"))
    now = site.platform.database.clock.now
    page.fill("[data-test=totp-code]", code_at(key, step_of(now()) + 1))
    page.click("[data-test=confirm-totp]")
    page.wait_for_selector("[data-test=done]")
    codes = page.locator("[data-test=recovery-codes] li").all_inner_texts()
    assert len(codes) == 10
    page.goto(site.link("warehouse"))
    page.click("[data-test=sign-in]")
    page.fill("[data-test=code]", codes[0])
    page.click("[data-test=give-code]")
    page.wait_for_selector("[data-test=message]:enabled")
    visitor.open("/account")
    assert "9" in page.inner_text("#totp-title + p")
    page.click("[data-test=remove-totp]")
    page.wait_for_selector("[data-test=done]")


def test_a_wait_for_the_second_factor_is_the_browsers_own_and_a_page_without_one_begins_anew(site: Site) -> None:
    with httpx.Client(base_url=site.url, headers={"accept": "text/html"}, timeout=60) as client:
        assert client.get("/sign-in/code").headers["location"] == "/sign-in"
        for body in ({}, {"code": "0" * 65}, {"code": "123456"}):
            assert client.post("/sign-in/code", data=body).status_code in {401, 422}
        forged = {"cookie": f"jindou_pending_{site.platform.settings.port}=forged"}
        assert client.post("/sign-in/code", data={"code": "123456"}, headers=forged).status_code == 401
        is_strict(client.get("/sign-in/code", headers=forged))
        foreign = {**forged, "origin": "https://example.com"}
        assert client.post("/sign-in/code", data={"code": "123456"}, headers=foreign).status_code == 403


def test_whoever_must_set_up_a_second_factor_is_sent_there_from_everywhere(site: Site, visit: Visit) -> None:
    manager = visit("manager")
    org_id = as_person(site.platform, "manager").org_id
    assert manager.post("/account/rules", data={"second_factor": "true"}).status_code == 409
    with site.platform.database.writing(org_id) as work:
        work.session.add(RulesRow(org_id=org_id, second_factor=True))
    try:
        finance = visit("finance")
        assert (finance.get("/").status_code, finance.get("/").headers["location"]) == (303, "/account")
        assert finance.get("/people").headers["location"] == "/account"
        assert finance.post("/language", data={"language": "en", "back": "/"}).status_code == 303
        assert finance.post("/keys", data={"name": "x"}).status_code == 403
        assert finance.get("/api/runs", headers={"accept": "application/json"}).json()["code"] == "must_enrol"
        assert finance.get("/api/accounts/me").status_code == 200
        assert finance.get("/api/accounts/mexico").status_code in {403, 404}
        shown = finance.get("/account")
        assert "must-enrol" in shown.text
        is_strict(shown)
    finally:
        with site.platform.database.writing(org_id) as work:
            work.session.delete(work.session.get_one(RulesRow, org_id))


def test_the_same_page_answers_a_wrong_name_and_a_wrong_password(site: Site, visit: Visit) -> None:
    clerk = visit("clerk")
    assert clerk.post("/account/password", data={"new": GOOD, "again": GOOD}).status_code == 200
    with httpx.Client(base_url=site.url, headers={"accept": "text/html"}, timeout=60) as client:
        wrong = [
            client.post("/sign-in/password", data={"person": person, "password": OTHER})
            for person in ("clerk", "nobody-at-all")
        ]
        assert [answer.status_code for answer in wrong] == [401, 401]
        assert wrong[0].text == wrong[1].text
        is_strict(wrong[0])
        for body in (
            {},
            {"person": "clerk"},
            {"person": "x" * 301, "password": GOOD},
            {"person": "a\0", "password": "b"},
        ):
            assert client.post("/sign-in/password", data=body).status_code == 401
        assert (
            client.post("/sign-in/password", data={"person": "clerk", "password": "x" * 1_000_001}).status_code == 413
        )
        right = {"person": "clerk", "password": GOOD}
        assert (
            client.post("/sign-in/password", data=right, headers={"origin": "https://example.com"}).status_code == 403
        )
        brought = {"cookie": f"jindou_session_{site.platform.settings.port}=chosen-by-a-thief"}
        answer = client.post("/sign-in/password", data=right, headers=brought)
        assert answer.status_code == 303
        assert "chosen-by-a-thief" not in str(answer.headers), "A session is never one that somebody brought."


def test_what_stands_in_the_way_of_a_new_password_is_said_and_nothing_is_shown_again(visit: Visit) -> None:
    warehouse = visit("warehouse")
    for new, again, said in (
        (GOOD, OTHER, "两次输入"),
        ("short", "short", "12"),
        ("Warehouse-2026", "Warehouse-2026", "常见"),
    ):
        answer = warehouse.post("/account/password", data={"new": new, "again": again})
        assert answer.status_code == 422
        assert said in answer.text
        assert new not in answer.text
        is_strict(answer)
    assert warehouse.post("/account/password", data={"new": GOOD, "again": GOOD}).status_code == 200
    wrong = warehouse.post("/account/password", data={"old": OTHER, "new": OTHER, "again": OTHER})
    assert wrong.status_code == 403


def test_an_administrator_resets_somebody_on_the_page_of_people(site: Site, visit: Visit) -> None:
    clerk, manager = visit("clerk"), visit("manager")
    with site.platform.database.reading(None) as work:
        person_id = site.platform.principals.find(work, "clerk").id
    assert f"/accounts/{person_id}/reset" in manager.get(f"/people/{person_id}").text
    assert clerk.post(f"/accounts/{person_id}/reset").status_code == 403
    assert manager.post(f"/accounts/{person_id}/reset").status_code == 303
    assert clerk.get("/").status_code == 303


def test_a_code_that_was_mistyped_can_be_typed_again(site: Site, visit: Callable[[str], httpx.Client]) -> None:
    client = visit("finance")
    begun = client.post("/account/totp").text
    key = base64.b32decode(begun.partition('data-test="totp-secret">')[2].partition("<")[0])
    for wrong, status in (("", 422), ("0" * 65, 422), ("000000", 401)):
        answer = client.post("/account/totp/confirmation", data={"code": wrong})
        assert answer.status_code == status
        assert 'data-test="totp-code"' in answer.text
        assert base64.b32encode(key).decode() not in answer.text
    code = code_at(key, step_of(site.platform.database.clock.now()))
    assert 'data-test="recovery-codes"' in client.post("/account/totp/confirmation", data={"code": code}).text
    assert 'data-test="done"' in client.post("/account/totp/removal").text


def test_who_has_guessed_too_often_is_told_how_long_to_wait(site: Site) -> None:
    with httpx.Client(base_url=site.url, headers={"accept": "text/html"}, timeout=60) as client:
        tries = [client.post("/sign-in/password", data={"person": "guessed", "password": f"no {n}"}) for n in range(8)]
    slowed = next(one for one in tries if one.status_code == 429)
    assert "The next try is possible in " in slowed.text
    assert "The next try" not in tries[0].text
