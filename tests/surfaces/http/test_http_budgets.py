"""Budgets and keys at the API."""

from typing import Any

import pytest
from http_door import ASK, Door, assert_problem


def create(door: Door, **asked: object) -> dict[str, Any]:
    answer = door.post("/api/budgets", asked, "manager")
    assert answer.status_code == 201, answer.text
    budget: dict[str, Any] = answer.json()
    return budget


def person(door: Door, handle: str) -> str:
    people = door.get("/api/principals").json()
    return next(found["id"] for found in people if found["handle"] == handle)


def test_a_budget_is_set_listed_shown_changed_and_taken_away(door: Door) -> None:
    clerk = person(door, "clerk")
    made = create(door, scope="person", scope_id=clerk, monthly_micro=50_000_000, warn_share=0.8, rpm=60)
    assert (made["name"], made["month"]["left"]) == ("Lena Vogel", {"micro": 50_000_000, "currency": "CNY"})
    assert door.get("/api/budgets", "manager").json() == [made]
    path = f"/api/budgets/{made['id']}"
    assert door.get(path, "manager").json() == made
    headers = door.as_("manager")
    changed = door.client.request("PATCH", path, json={"rpm": None, "tpm": 1000}, headers=headers).json()
    assert (changed["monthly_micro"], changed["rpm"], changed["tpm"]) == (50_000_000, None, 1000)
    assert door.client.request("DELETE", path, headers=headers).status_code == 204
    assert_problem(door.get(path, "manager"), 404, "not_found")
    assert door.get("/api/budgets", "manager").json() == []


def test_one_sees_the_budgets_that_bind_oneself_and_changes_none(door: Door) -> None:
    mine = create(door, scope="person", scope_id=person(door, "clerk"), rpm=60)
    everybodys = create(door, scope="organisation", monthly_micro=1_000_000_000)
    assert {found["id"] for found in door.get("/api/budgets").json()} == {mine["id"], everybodys["id"]}
    assert [found["id"] for found in door.get("/api/budgets", "warehouse").json()] == [everybodys["id"]]
    path = f"/api/budgets/{mine['id']}"
    assert_problem(door.get(path, "warehouse"), 404, "not_found")
    assert_problem(door.post("/api/budgets", {"scope": "organisation", "rpm": 1}), 403, "forbidden")
    for method in ("PATCH", "DELETE"):
        body = {"rpm": 600} if method == "PATCH" else None
        answer = door.client.request(method, path, json=body, headers=door.as_("clerk"))
        assert_problem(answer, 403, "forbidden", rules=["jindou.default-deny"])


def test_there_is_one_budget_for_each(door: Door) -> None:
    create(door, scope="organisation", rpm=60)
    again = door.post("/api/budgets", {"scope": "organisation", "rpm": 60}, "manager")
    assert_problem(again, 409, "budget_exists")


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"scope": "organisation"},
        {"scope": "team", "rpm": 1},
        {"scope": "person", "rpm": 1},
        {"scope": "organisation", "scope_id": "x", "rpm": 1},
        {"scope": "organisation", "rpm": -1},
        {"scope": "organisation", "rpm": 2**60},
        {"scope": "organisation", "monthly_micro": 1.5},
        {"scope": "organisation", "rpm": 1, "warn_share": 1.5},
        {"scope": "organisation", "rpm": 1, "name": "a\u0000b"},
        {"scope": "organisation", "rpm": 1, "more": 1},
    ],
)
def test_a_budget_that_makes_no_sense_is_refused(shared: Door, asked: dict[str, object]) -> None:
    assert_problem(shared.post("/api/budgets", asked, "manager"), 422, "invalid")


def test_a_budget_of_nobody_is_refused(shared: Door) -> None:
    for scope, id_ in (("person", "prs_none"), ("assistant", "none"), ("key", "key_none")):
        asked = {"scope": scope, "scope_id": id_, "rpm": 1}
        assert_problem(shared.post("/api/budgets", asked, "manager"), 404, "not_found")


def test_a_key_is_for_models_that_there_are_and_keeps_a_name_that_goes(door: Door) -> None:
    (standing,) = door.get("/api/deployments", "manager").json()
    refused = door.post("/api/keys", {"name": "robot", "models": [standing["name"], "nope"]})
    assert_problem(refused, 422, "no_such_model", field="models")
    assert refused.json()["detail"].startswith("There is no model `nope` here; there is ")
    assert f"`{standing['name']}`" in refused.json()["detail"]
    assert door.get("/api/keys").json() == []
    own = {"name": "our-model", "members": [{"engine": "elsewhere", "model": "m", "url": "https://models.example/v1"}]}
    made = door.post("/api/deployments", own, "manager")
    assert made.status_code == 201, made.text
    key = door.post("/api/keys", {"name": "robot", "models": ["our-model"]}).json()
    assert door.send("DELETE", "/api/deployments/our-model", "manager").status_code < 300
    assert door.get(f"/api/keys/{key['id']}").json()["models"] == ["our-model"]
    assert door.post(f"/api/keys/{key['id']}/rotation", {}).status_code == 200
    assert_problem(door.post("/api/keys", {"name": "robot", "models": ["our-model"]}), 422, "no_such_model")


def test_a_key_says_what_it_is_good_for(door: Door) -> None:
    asked = {"name": "robot", "scopes": ["models", "completions", "models"], "assistant": "shelf robot"}
    key = door.post("/api/keys", asked).json()
    assert (key["scopes"], key["assistant"]) == (["completions", "models"], "shelf robot")
    assert door.get(f"/api/keys/{key['id']}").json()["scopes"] == ["completions", "models"]
    wrongs: tuple[dict[str, object], ...] = (
        {"scopes": []},
        {"scopes": ["all"]},
        {"assistant": ""},
        {"assistant": "\n"},
    )
    for wrong in wrongs:
        assert_problem(door.post("/api/keys", {"name": "robot"} | wrong), 422, "invalid")


def test_each_day_is_told_by_group(door: Door) -> None:
    door.ask(ASK)
    for group in ("model", "person", "key", "assistant"):
        told = door.get("/api/usage/daily", by=group, days=3).json()
        assert (told["group"], len(told["days"])) == (group, 3)
        total = door.get("/api/usage", days=3).json()["total"]["micro"]
        assert sum(sum(series["cost_micro"]) for series in told["series"]) == total > 0
        assert all(series["cost_micro"][:2] == [0, 0] for series in told["series"])
    assert door.get("/api/usage/daily", "warehouse", by="person").json()["series"] == []
    assert_problem(door.get("/api/usage/daily", by="mood"), 422, "invalid", field="by")
