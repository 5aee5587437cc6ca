"""Requests that a browser was tricked into, and bodies that are too large, are turned away at the door."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from http_door import Client, Door, assert_problem

from jindou.surfaces.cli.server import config_of
from jindou.surfaces.problems import PROBLEMS
from support.desk import open_desk
from support.homes import copy_home


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Origin": "https://127.0.0.1:8787"},
        {"Origin": "http://127.0.0.1:8787.evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:8787"},
    ],
)
def test_another_site_may_not_send_what_changes_something(shared: Door, headers: dict[str, str]) -> None:
    for method, path in (("POST", "/api/runs"), ("DELETE", "/api/sessions/current"), ("POST", "/sign-out")):
        answer = shared.client.request(method, path, headers=headers | shared.as_("clerk"))
        assert_problem(answer, 403, "forbidden", rules=["jindou.same-origin"])


def test_what_programs_are_told_is_kept_by_nobody_on_the_way(shared: Door) -> None:
    for path in ("/api/sessions", "/api/keys", "/api/nothing", "/scim/v2/Users", "/api/status"):
        answer = shared.get(path)
        assert answer.headers.get_list("cache-control") == ["no-store"], path
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("public_url", ["", "https://jindou.acme.example"])
def test_for_whom_somebody_asks_is_believed_behind_a_proxy_alone(
    made_home: Path, tmp_path: Path, public_url: str
) -> None:
    with open_desk(copy_home(made_home, tmp_path / "home"), public_url=public_url) as desk:
        config = config_of(desk.platform)
        config.load()
        client = Client(vars(config)["loaded_app"])
        told = {"X-Forwarded-For": "8.8.8.8"}
        client.post("/api/sessions/password", json={"person": "nobody", "password": "wrong"}, headers=told)
        with desk.platform.database.reading(desk.manager.org_id) as work:
            refused = desk.platform.audit.search(work, desk.manager)[0]
    assert refused.detail["place"] == ("public" if public_url else "machine")


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_the_own_site_and_a_typed_address_may(shared: Door, site: str) -> None:
    headers = {"Origin": "http://127.0.0.1:8787", "Sec-Fetch-Site": site}
    assert shared.client.post("/api/runs", json={"message": "Hi"}, headers=headers | shared.as_("clerk")).is_success


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", "127.0.0.1:9999", "localhost", "127.0.0.1:8787.evil.example", "0.0.0.0:8787"]
)
def test_a_host_that_is_not_this_server_is_refused(shared: Door, host: str) -> None:
    answer = shared.client.get("/api/status", headers={"Host": host})
    assert_problem(answer, 422, "invalid", field="Host")


@pytest.mark.parametrize("host", ["127.0.0.1:8787", "localhost:8787", "[::1]:8787"])
def test_every_name_of_the_loopback_is_this_server(shared: Door, host: str) -> None:
    assert shared.client.get("/api/status", headers={"Host": host}).status_code == 200


def test_a_body_over_a_megabyte_is_too_large(shared: Door) -> None:
    answer = shared.post("/api/runs", {"message": "x" * 1_000_000})
    assert_problem(answer, 413, "too_large")


def test_a_chunked_body_over_a_megabyte_is_too_large(shared: Door) -> None:
    def chunks() -> Iterator[bytes]:
        yield b'{"message": "'
        for _ in range(20):
            yield b"x" * 100_000

    form = "application/x-www-form-urlencoded"
    for path, kind in (("/api/runs", "application/json"), ("/api/sessions", "application/json"), ("/sign-in", form)):
        headers = shared.as_("clerk") | {"Content-Type": kind}
        answer = shared.client.post(path, content=chunks(), headers=headers)
        assert_problem(answer, 413, "too_large")


@pytest.mark.parametrize("length", ["-1", "1e3", "many", "", "9" * 5000])
def test_a_length_that_is_no_number_is_refused(shared: Door, length: str) -> None:
    answer = shared.client.post("/api/runs", headers=shared.as_("clerk") | {"Content-Length": length})
    assert answer.status_code in {413, 422}
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_message_of_just_under_a_megabyte_is_refused_by_its_own_limit(shared: Door) -> None:
    answer = shared.post("/api/runs", {"message": "x" * 990_000})
    assert_problem(answer, 422, "invalid", field="message", rule="at most 16000 characters")


def test_every_kind_of_error_has_its_own_exit_code_and_a_status() -> None:
    codes = [problem.exit_code for problem in PROBLEMS.values()]
    assert len(codes) == len(set(codes))
    assert all(400 <= problem.status <= 599 for problem in PROBLEMS.values())
