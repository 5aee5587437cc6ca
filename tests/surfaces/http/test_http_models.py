"""Everybody sees the models; managers fetch and remove them."""

from collections.abc import Generator
from typing import Any

import pytest
from http_door import Door, assert_problem

from jindou.models.catalogue.shelf import put_own
from jindou.models.deployments import DeploymentAsk, Member
from support.hub import BYTES, Hub, entry, open_hub
from support.platform import as_stranger
from support.waiting import wait_for


@pytest.fixture
def hub() -> Generator[Hub]:
    with open_hub() as hub:
        yield hub


def pull_to_its_end(door: Door, name: str) -> Any:
    def look() -> Any:
        told = door.get(f"/api/models/{name}/pull", "manager").json()
        return told if told["state"] != "running" else None

    return wait_for(look)


def test_everybody_sees_the_models_and_whether_they_fit(shared: Door) -> None:
    listed = shared.get("/api/models").json()
    assert {"qwen2.5-coder-0.5b", "qwen3-4b", "qwen3-embedding-0.6b"} <= {model["name"] for model in listed}
    shown = shared.get("/api/models/qwen3-4b", context_tokens=1024, slots=3).json()
    assert (shown["fit"]["context_tokens"], shown["fit"]["slots"]) == (1024, 3)
    assert (shown["state"], shown["trust"], shown["served"]) == ("absent", "pinned", False)
    assert shared.get("/api/models/qwen2.5-coder-0.5b").json()["served"] is True


def test_only_managers_fetch_and_remove(door: Door) -> None:
    rule = ["jindou.default-deny"]
    for method, path in (
        ("POST", "pull"),
        ("DELETE", "pull"),
        ("POST", "serving"),
        ("DELETE", "serving"),
        ("DELETE", ""),
    ):
        answer = door.send(method, f"/api/models/qwen3-4b/{path}".rstrip("/"), "clerk")
        assert_problem(answer, 403, "forbidden", rules=rule)


def test_a_model_is_fetched_in_the_background_and_removed(door: Door, hub: Hub) -> None:
    put_own(door.desk.platform.models.catalogue.folder, entry(hub.source("tiny", BYTES)))
    begun = door.post("/api/models/tiny/pull", {}, "manager")
    assert begun.status_code == 202
    told = pull_to_its_end(door, "tiny")
    assert (told["state"], told["done_bytes"], told["total_bytes"], told["error"]) == (
        "done",
        len(BYTES),
        len(BYTES),
        "",
    )
    assert door.get("/api/models/tiny").json()["state"] == "here"
    assert door.send("DELETE", "/api/models/tiny", "manager").status_code == 204
    assert_problem(door.get("/api/models/tiny"), 404, "unknown_model")
    actions = [event["action"] for event in door.get("/api/audit", "manager").json()]
    assert {"models::pull", "models::remove"} <= set(actions)


def test_a_pull_that_fails_says_why_and_one_that_never_was_is_not_found(door: Door, hub: Hub) -> None:
    put_own(door.desk.platform.models.catalogue.folder, entry(hub.source("tiny", BYTES[:-9])))
    assert_problem(door.get("/api/models/tiny/pull"), 404, "no_pull")
    door.post("/api/models/tiny/pull", {}, "manager")
    told = pull_to_its_end(door, "tiny")
    assert told["state"] == "failed"
    assert "is not Tiny" in told["error"]
    assert told["finished_at"]


def test_a_stopped_pull_goes_on_from_where_it_ended(door: Door, hub: Hub) -> None:
    content = BYTES * 12
    put_own(door.desk.platform.models.catalogue.folder, entry(hub.source("tiny", content), content=content))
    door.post("/api/models/tiny/pull", {}, "manager")
    door.send("DELETE", "/api/models/tiny/pull", "manager")
    told = pull_to_its_end(door, "tiny")
    assert told["state"] in {"stopped", "done"}
    door.post("/api/models/tiny/pull", {}, "manager")
    assert pull_to_its_end(door, "tiny")["state"] == "done"
    assert sum(start == 0 for _, start in hub.asked) <= 2


def test_what_is_served_is_not_removed_and_what_is_not_here_not_served(door: Door) -> None:
    assert_problem(door.send("DELETE", "/api/models/qwen2.5-coder-0.5b", "manager"), 409, "model_in_use")
    assert_problem(door.send("POST", "/api/models/qwen3-4b/serving", "manager"), 503, "model_unavailable")
    assert_problem(door.send("DELETE", "/api/models/nothing", "manager"), 404, "unknown_model")
    embeds = "/api/models/qwen3-embedding-0.6b/serving"
    assert_problem(door.send("POST", embeds, "manager"), 422, "model_does_not_answer")


def test_what_only_others_serve_is_not_served_here_nor_ours_to_stop(
    door: Door, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = door.desk.platform
    put_own(platform.models.catalogue.folder, entry(hub.source("tiny", BYTES)))
    olga = as_stranger(platform)
    with platform.database.writing(olga.org_id) as work:
        platform.deployments.create(work, olga, DeploymentAsk(name="tiny", members=(Member(model="tiny"),)))
    assert door.get("/api/models/tiny").json()["served"] is False
    assert_problem(door.send("DELETE", "/api/models/tiny", "manager"), 409, "model_in_use")
    ended: list[str] = []
    monkeypatch.setattr(platform.deployments.models, "unload", ended.append)
    assert door.send("DELETE", "/api/models/tiny/serving", "manager").status_code == 204
    assert ended == []
    with platform.database.reading(olga.org_id) as work:
        assert "tiny" in platform.deployments.names(work, olga.org_id)


def test_a_name_that_leads_elsewhere_is_no_model(door: Door) -> None:
    for name in ("..%2f..%2fetc", "%2e%2e", "x" * 81):
        assert door.send("DELETE", f"/api/models/{name}", "manager").status_code in {404, 405, 422}
