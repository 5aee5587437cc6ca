"""The page of readings: closed for all, opened before everybody's eyes, and each reading shown to its person."""

from collections.abc import Callable

import httpx

SignIn = Callable[[str], httpx.Client]
WHY = "complaint 4711 of a customer"


def test_what_an_administrator_reads_is_shown_to_its_person(visit: SignIn) -> None:
    clerk, manager = visit("clerk"), visit("manager")
    run = clerk.post("/api/runs", json={"message": "Good morning, is the lamp there?"}).json()
    assert 'data-test="is-read"' not in clerk.get("/runs").text
    assert "Nobody here reads your conversations" in clerk.get("/readings").text
    assert clerk.post("/readings/policy", data={"open": "true"}).status_code == 403
    asked = {"subject": run["id"], "reason": WHY}
    assert manager.post("/readings", data=asked).status_code == 403
    assert manager.post("/readings/policy", data={"open": "true"}).status_code == 303
    try:
        assert 'data-test="is-read"' in clerk.get("/runs").text
        assert f'value="{run["id"]}"' in manager.get(f"/readings?subject={run['id']}").text
        assert manager.post("/readings", data=asked | {"reason": "why"}).status_code == 422
        assert manager.post("/readings", data=asked | {"subject": "run_none"}).status_code == 404
        page = manager.post("/readings", data=asked)
        assert page.status_code == 200
        assert "is the lamp there?" in page.text
        seen = clerk.get("/readings").text
        assert seen.count('data-test="reading-row"') == 1
        assert WHY in seen
        assert "Marta Lindqvist" in seen
        clerk.cookies.set("jindou_language", "zh")
        assert "谁查看过您的对话" in clerk.get("/readings").text
    finally:
        manager.post("/readings/policy", data={"open": "false"})
