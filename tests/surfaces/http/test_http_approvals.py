"""Approvals and undo over HTTP."""

from typing import Any

import pytest
from http_door import Door, assert_problem

from jindou.agents.tools import Doorway
from jindou.db import Database
from support.scripted import call

ORDER = "SO-10007"
MOVE = call("change_address", order_id="SO-10962", address="上海市徐汇区衡山路12号")


def waiting(door: Door, who: str = "manager") -> list[dict[str, Any]]:
    return door.get("/api/approvals", who, status="waiting").json()


def batch(approvals: list[dict[str, Any]], decision: str = "approve", reason: str = "") -> dict[str, Any]:
    seen = [{"approval_id": one["id"], "arguments_hash": one["arguments_hash"]} for one in approvals]
    return {"approvals": seen, "decision": decision, "reason": reason}


def test_forty_like_calls_are_decided_at_once_and_each_by_itself(door: Door) -> None:
    runs: list[dict[str, Any]] = []
    for n in range(40):
        door.desk.let_say(call("refund_order", order_id=ORDER, amount=60 + n, reason="broken lamp"))
        runs.append(door.ask(f"Refund {60 + n} on {ORDER}, broken lamp"))
    first = waiting(door)[0]
    alike = door.get(f"/api/approvals/{first['id']}/alike", "manager").json()
    assert len(alike) == 40
    gone, changed = alike[-1], alike[-2]
    door.post(f"/api/approvals/{gone['id']}/decision", {"decision": "deny", "reason": "no"}, "manager")
    changed["arguments_hash"] = "0" * 64
    outcomes = door.post("/api/approvals/decisions", batch(alike), "manager").json()
    assert [one["approval_id"] for one in outcomes] == [one["id"] for one in alike]
    assert [one["status"] for one in outcomes[:-2]] == ["approved"] * 38
    assert [one["code"] for one in outcomes[-2:]] == ["approval_changed", "approval_decided"]
    assert [one["id"] for one in waiting(door)] == [changed["id"]]


def test_a_batch_is_decided_with_the_rights_of_who_sends_it(door: Door) -> None:
    door.ask()
    approvals = waiting(door)
    (outcome,) = door.post("/api/approvals/decisions", batch(approvals), "clerk").json()
    assert (outcome["code"], outcome["rules"]) == ("forbidden", ["jindou.no-self-approval"])
    alone = door.post(f"/api/approvals/{approvals[0]['id']}/decision", {"decision": "approve"}, "clerk").json()
    assert outcome["reasons"] == alone["reasons"]
    assert outcome["reasons"]["zh"] == "任何人都不能审批自己提出的请求。 [jindou.no-self-approval]"
    (outcome,) = door.post("/api/approvals/decisions", batch(approvals), "warehouse").json()
    assert outcome["code"] == "not_found"
    (outcome,) = door.post("/api/approvals/decisions", batch(approvals, "deny"), "manager").json()
    assert outcome["code"] == "invalid"
    assert_problem(door.post("/api/approvals/decisions", batch([]), "manager"), 422, "invalid")


def test_what_somebody_has_no_right_to_is_refused_without_writing_or_asking_a_tool(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    door.ask()
    approvals = waiting(door)
    many = {**batch(approvals), "approvals": [{"approval_id": one} for one in (approvals[0]["id"], *("apr_0",) * 199)]}

    def fail(*_: object, **__: object) -> None:
        pytest.fail("that was not needed")

    for who in ("clerk", "warehouse"):
        door.get("/api/principals/me", who)
    with monkeypatch.context() as patch:
        patch.setattr(Database, "writing", fail)
        patch.setattr(Doorway, "check", fail)
        for who, code in (("clerk", "forbidden"), ("warehouse", "not_found")):
            outcomes = door.post("/api/approvals/decisions", many, who).json()
            assert [one["code"] for one in outcomes] == [code, *["not_found"] * 199]
    assert [one["id"] for one in waiting(door)] == [approvals[0]["id"]]


def test_what_has_changed_since_it_was_asked_is_told_and_not_approved(door: Door) -> None:
    door.ask()
    (before,) = waiting(door)
    door.desk.refund_behind_our_back(1_000_000)
    (after,) = waiting(door)
    alone = door.get(f"/api/approvals/{after['id']}", "manager").json()
    states = [one["now"]["state"] for one in (before, after, alone)]
    assert states == ["same", "moved", "moved"]
    assert after["now"]["changes"][0]["before"] == "1.00 CNY"
    path = f"/api/approvals/{after['id']}/decision"
    assert_problem(door.post(path, {"decision": "approve"}, "manager"), 409, "approval_void")
    (outcome,) = door.post("/api/approvals/decisions", batch([after]), "manager").json()
    assert outcome["code"] == "approval_void"
    link = door.post(f"/api/approvals/{after['id']}/links", who="manager").json()["url"].rpartition("/")[2]
    assert_problem(door.post(f"/api/approvals/links/{link}", {"decision": "approve"}), 409, "approval_void")
    other = {"decision": "approve", "facts_hash": "0" * 64}
    assert_problem(door.post(path, other, "manager"), 409, "approval_void")
    assert_problem(door.post(path, {"decision": "approve"}, "warehouse"), 404, "not_found")
    as_now = {"decision": "approve", "facts_hash": after["now"]["facts_hash"]}
    approved = door.post(f"/api/approvals/links/{link}", as_now).json()
    assert (approved["status"], approved["changes"][0]["before"]) == ("approved", "1.00 CNY")


def test_a_call_is_changed_and_approved(door: Door) -> None:
    run = door.ask()
    path = f"/api/approvals/{waiting(door)[0]['id']}/decision"
    edit = {"order_id": ORDER, "amount": 80, "reason": "broken lamp"}
    wrong = door.post(path, {"decision": "approve", "arguments": {"amount": "much"}}, "manager")
    assert_problem(wrong, 422, "invalid", field="arguments")
    approved = door.post(path, {"decision": "approve", "arguments": edit}, "manager").json()
    assert (approved["status"], approved["arguments"], approved["edited_by_name"]) == (
        "approved",
        edit,
        "Marta Lindqvist",
    )
    door.desk.move_on(run["id"])
    assert 80_000_000 in door.desk.refunds()


def test_one_approval_says_who_may_decide_and_where_each_value_comes_from(door: Door) -> None:
    door.ask()
    shown = door.get(f"/api/approvals/{waiting(door)[0]['id']}", "manager").json()
    assert shown["deciders"] == ["Marta Lindqvist", "周敏"]
    assert {origin["source"] for origin in shown["origins"].values()} == {"person"}
    assert shown["estimate"]["micro"] > 0
    assert (shown["needed"], shown["votes"]) == (1, [])


def test_a_right_is_handed_on_and_taken_back(door: Door) -> None:
    door.ask()
    (asked,) = waiting(door)
    path, until = "/api/approvals/delegations", "2026-03-05T00:00:00Z"
    handed = door.post(path, {"to": "warehouse", "ends_at": until}, "manager")
    assert (handed.status_code, handed.json()["is_active"]) == (201, True)
    assert [one["id"] for one in waiting(door, "warehouse")] == [asked["id"]]
    assert door.get(path, "warehouse").json() == [handed.json()]
    taken = door.post(f"{path}/{handed.json()['id']}/revocation", None, "manager").json()
    assert not taken["is_active"]
    late = door.post(f"/api/approvals/{asked['id']}/decision", {"decision": "approve"}, "warehouse")
    assert_problem(late, 404, "not_found")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"to": "warehouse", "ends_at": "2026-03-05T00:00:00"}, 422, "invalid"),
        ({"to": "warehouse", "ends_at": "2026-01-05T00:00:00Z"}, 422, "invalid"),
        ({"to": "nobody", "ends_at": "2026-03-05T00:00:00Z"}, 404, "not_found"),
        ({"to": "warehouse", "ends_at": "2026-03-05T00:00:00Z", "tool": "fly"}, 422, "invalid"),
    ],
)
def test_a_right_that_makes_no_sense_is_not_handed_on(
    shared: Door, body: dict[str, object], status: int, code: str
) -> None:
    assert_problem(shared.post("/api/approvals/delegations", body, "manager"), status, code)


def test_who_may_decide_nothing_hands_nothing_on(shared: Door) -> None:
    body = {"to": "warehouse", "ends_at": "2026-03-05T00:00:00Z"}
    assert_problem(shared.post("/api/approvals/delegations", body), 403, "forbidden", rules=["jindou.default-deny"])


def test_a_run_is_undone(door: Door) -> None:
    door.desk.let_say(MOVE, "Changed.")
    before = door.desk.address("SO-10962")
    run = door.ask("SO-10962 goes to 上海市徐汇区衡山路12号")
    (item,) = door.get(f"/api/runs/{run['id']}/undo").json()["items"]
    assert (item["outcome"], item["changes"][0]["after"]) == ("can", before)
    undo = door.post(f"/api/runs/{run['id']}/undo")
    assert (undo.status_code, undo.json()["undoes"]) == (201, run["id"])
    door.desk.move_on(undo.json()["id"])
    assert door.desk.address("SO-10962") == before
    assert door.post(f"/api/runs/{run['id']}/undo").json()["id"] == undo.json()["id"]
    assert_problem(door.post(f"/api/runs/{undo.json()['id']}/undo"), 409, "nothing_to_undo")


def test_a_run_that_waits_or_is_anothers_is_not_undone(door: Door) -> None:
    run = door.ask()
    assert_problem(door.post(f"/api/runs/{run['id']}/undo"), 409, "conflict")
    assert_problem(door.post(f"/api/runs/{run['id']}/undo", None, "manager"), 404, "not_found")


def test_another_system_decides_with_a_signed_link(door: Door) -> None:
    run = door.ask()
    approval = waiting(door)[0]["id"]
    made = door.post(f"/api/approvals/{approval}/links", None, "manager")
    assert (made.status_code, made.json()["approval_id"]) == (201, approval)
    path = "/api/approvals/links/" + made.json()["url"].rpartition("/")[2]
    assert made.json()["url"].startswith("http://127.0.0.1:8787/approvals/links/")
    assert_problem(door.client.post(path, json={"decision": "deny"}), 422, "invalid", field="reason")
    assert_problem(door.client.post(f"{path}x", json={"decision": "approve"}), 401, "approval_link_invalid")
    assert door.client.post(path, json={"decision": "approve"}).json()["status"] == "approved"
    assert_problem(door.client.post(path, json={"decision": "approve"}), 401, "approval_link_used")
    door.desk.move_on(run["id"])
    assert 120_000_000 in door.desk.refunds()
    assert_problem(door.post(f"/api/approvals/{approval}/links"), 403, "forbidden")
