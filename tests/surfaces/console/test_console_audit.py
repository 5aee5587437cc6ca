"""The page of the trail: found by who, what and when, and nobody is told apart by their name alone."""

from collections.abc import Callable

import httpx

SignIn = Callable[[str], httpx.Client]


def test_events_are_found_by_a_form_and_paged_as_asked(visit: SignIn) -> None:
    clerk, manager = visit("clerk"), visit("manager")
    clerk.post("/api/runs", json={"message": "Good morning, is the lamp there?"}).raise_for_status()
    found = manager.get("/audit?who=clerk&action=runs%3A%3A&decision=allow")
    assert found.status_code == 200
    assert "runs::start" in found.text
    assert 'value="clerk"' in found.text
    assert '<span class="faint">clerk</span>' in found.text
    assert "No event fits." in manager.get("/audit?who=clerk&since=2999-01-01").text
    manager.cookies.set("jindou_language", "zh")
    assert "没有符合条件的事件" in manager.get("/audit?action=nothing").text


def test_what_can_not_be_read_in_the_form_is_said(visit: SignIn) -> None:
    manager = visit("manager")
    for query in ("since=yesterday", "decision=perhaps", "before=0", "who=" + "x" * 201):
        assert manager.get(f"/audit?{query}").status_code == 422, query
