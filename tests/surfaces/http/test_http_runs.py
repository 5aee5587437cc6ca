"""A run is found, explained, and moved, over HTTP."""

from typing import Any

from http_door import ASK, Door, assert_problem


def test_a_run_is_paused_resumed_and_told_more(door: Door) -> None:
    run = door.post("/api/runs", {"message": ASK}).json()
    path = f"/api/runs/{run['id']}"
    assert_problem(door.post(f"{path}/resume", {}), 409, "run_not_paused")
    assert door.post(f"{path}/pause", {}).json()["status"] == "paused"
    assert door.get(f"{path}/explanation").json()["code"] == "paused"
    told = door.post(f"{path}/messages", {"message": "And tell the customer."})
    assert (told.status_code, told.json()["status"]) == (201, "paused")
    assert door.post(f"{path}/resume", {}).json()["status"] == "queued"
    assert door.get(path).json()["journal"][0]["text"] == "And tell the customer."
    assert_problem(door.post(f"{path}/messages", {"message": " "}), 422, "invalid", field="message")
    assert_problem(door.post(f"{path}/pause", {}, "warehouse"), 404, "not_found")
    door.post(f"{path}/cancel", {})
    door.desk.move_on(run["id"])
    for verb, body in (("pause", {}), ("messages", {"message": "Hi"})):
        assert_problem(door.post(f"{path}/{verb}", body), 409, "run_over")
    assert_problem(door.post(f"{path}/retry", {}), 409, "nothing_to_retry")


def test_a_run_branches_at_a_step(door: Door) -> None:
    run = door.ask()
    path = f"/api/runs/{run['id']}/branches"
    branch = door.post(path, {"step": 1, "message": "Only 10."})
    assert branch.status_code == 201
    assert (branch.json()["branched_from"], branch.json()["branched_step"]) == (run["id"], 1)
    conversation = door.get(f"/api/conversations/{branch.json()['conversation_id']}").json()
    assert conversation["branched_from"] == run["id"]
    assert_problem(door.post(path, {"step": 9}), 422, "invalid", field="step")
    assert_problem(door.post(path, {"step": 2}), 422, "invalid", field="step")


def test_runs_are_found_by_all_that_is_given(door: Door) -> None:
    run = door.ask()
    fitting: dict[str, Any] = {
        "text": ASK[3:9].upper(),
        "assistant": "after-sales",
        "status": "waiting",
        "tool": "refund_order",
        "since": "2026-03-02T00:00:00Z",
        "until": "2026-03-03T00:00:00Z",
        "least_cost_micro": 1,
    }
    assert [found["id"] for found in door.get("/api/runs", **fitting).json()] == [run["id"]]
    others: dict[str, Any] = {
        "text": "100% of %",
        "assistant": "another",
        "status": "done",
        "tool": "get_order",
        "since": "2026-03-03T00:00:00Z",
        "until": "2026-03-01T00:00:00Z",
        "least_cost_micro": 10**12,
        "before": run["id"],
    }
    for name, value in others.items():
        assert door.get("/api/runs", **(fitting | {name: value})).json() == [], name
    assert door.get("/api/runs", "manager", **fitting).json() == [], "One finds one's own."
    assert_problem(door.get("/api/runs", status="asleep"), 422, "invalid", field="status")


def test_the_limits_of_a_run_are_seen(door: Door) -> None:
    run = door.ask()
    limits = {use["kind"]: (use["used"], use["most"]) for use in door.get(f"/api/runs/{run['id']}").json()["limits"]}
    assert limits["steps"] == (2, 8)
    assert limits.keys() == {"steps", "tokens", "cost", "seconds"}
