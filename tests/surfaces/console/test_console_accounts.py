"""Signing in with a password, and one's own page, in a real browser and without one."""

from collections.abc import Callable
from typing import Any

import httpx
from console_site import Site
from strict_pages import is_strict

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


def test_the_same_page_answers_a_wrong_name_and_a_wrong_password(site: Site, visit: Visit) -> None:
    clerk = visit("clerk")
    assert clerk.post("/account/password", data={"new": GOOD, "again": GOOD}).status_code == 200
    with httpx.Client(base_url=site.url, headers={"accept": "text/html"}) as client:
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
    assert f"/accounts/{person_id}/reset" in manager.get("/people").text
    assert clerk.post(f"/accounts/{person_id}/reset").status_code == 403
    assert manager.post(f"/accounts/{person_id}/reset").status_code == 303
    assert clerk.get("/").status_code == 303
