"""An organisation's own rules over HTTP: the whole way, and what is no rule."""

import json
from pathlib import Path

import pytest
from http_door import Door, assert_problem

SMALL = """@id("lamps.no-refunds")
@reason_en("Nobody refunds.")
@reason_zh("任何人不得退款。")
forbid (principal in Role::"clerk", action == Action::"ecommerce::refund_order", resource);"""
FILES = {"a.cedar": SMALL}


def test_rules_go_from_files_into_force_and_back(door: Door) -> None:
    assert door.post("/api/policies/check", {"files": FILES}, "manager").json()["good"] is True
    made = door.post("/api/policies", {"files": FILES, "note": "no more"}, "manager")
    assert (made.status_code, made.json()["number"], made.json()["active"]) == (201, 1, False)
    assert door.get("/api/policies/1/diff", "manager").json()["changes"][0]["id"] == "lamps.no-refunds"
    assert door.get("/api/policies/1/shadow", "manager").json()["decisions"] == 0
    state = door.post("/api/policies/1/activation", {"over": 0}, "manager").json()
    assert (state["active"], state["changed_by_name"]) == (1, "Marta Lindqvist")
    answer = door.post("/api/decisions", {"assistant": "after-sales", "tool": "refund_order"}).json()
    assert (answer["verb"], answer["reason"]) == ("deny", "Nobody refunds.")
    assert_problem(door.post("/api/policies/1/activation", {"over": 0}, "manager"), 409, "policy_moved")
    assert door.post("/api/policies/rollback", {}, "manager").json()["active"] == 0
    assert door.get("/api/policies/1", "manager").json()["files"] == FILES
    assert [one["number"] for one in door.get("/api/policies", "manager").json()["versions"]] == [1]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"files": {}},
        {"files": {"../a.cedar": SMALL}},
        {"files": {"a.cedar": "x" * 200_001}},
        {"files": {"a.cedar": "\x00"}},
        {"files": {f"a{n}.cedar": SMALL for n in range(21)}},
        {"files": FILES, "note": "two\nlines"},
        {"files": FILES, "author_id": "prs_1"},
        {"files": {"a.cedar": "forbid ("}},
        {"files": {"a.cedar": SMALL, "b.yaml": "[" * 9000}},
    ],
)
def test_what_is_no_rule_gets_a_problem(shared: Door, body: dict[str, object]) -> None:
    answer = shared.post("/api/policies", body, "manager")
    assert answer.status_code == 422
    assert answer.json()["code"] in {"invalid", "policy_refused"}


def test_who_may_not_is_told_by_which_rule(shared: Door) -> None:
    for method, path in (("GET", "/api/policies"), ("GET", "/api/policies/1"), ("GET", "/api/policies/1/shadow")):
        assert_problem(shared.send(method, path), 403, "forbidden")
    assert_problem(shared.post("/api/policies", {"files": FILES}, "finance"), 403, "forbidden")
    assert_problem(shared.post("/api/policies/1/activation", {}, "finance"), 403, "forbidden")
    assert_problem(shared.get("/api/policies/77", "manager"), 404, "not_found")
    assert_problem(shared.post("/api/policies/77/activation", {}, "manager"), 404, "not_found")
    assert_problem(shared.post("/api/policies/rollback", {}, "manager"), 409, "conflict")


def test_a_refusal_looks_as_the_page_on_rules_shows_it(shared: Door) -> None:
    own = {"name": "our-model", "members": [{"engine": "elsewhere", "model": "m", "url": "https://models.example/v1"}]}
    page = (Path(__file__).parents[3] / "docs/policy.md").read_text("utf-8")
    shown = page.partition("```json\n")[2].partition("```")[0]
    assert shared.post("/api/deployments", own, "clerk").json() == json.loads(shown)
